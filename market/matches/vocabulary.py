"""Which words of a need are worth telling people that nobody covers them: whole words that name something technical.

Pure text comes in as pieces cut by the matcher; the market's own challenges say which words stand everywhere.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import func, select

from market.challenges.models import Challenge, ChallengeVersion
from market.database import db

MOST_WORDS = 12
MOST_READ = 300
"""Challenges read to learn which words are common; the newest say enough."""
SPREAD_LEAST = 2
SPREAD_SHARE = 4
_CHINESE = re.compile(r"([\u3400-\u9fff]+)")
_NOUN = "n"
# Words of business and of writing that name no technology, whatever the challenge.
_EVERYDAY = frozenset(
    """
    企业 公司 厂家 客户 用户 用户端 供应商 代理商 经销商 采购 销售 市场 订单 合同 退货 换货 拒收 投诉 索赔 赔偿
    库存 积压 出口 进口 交货 交付 交期 延后 推后 改签 转给 取消 终止 停产 减产 少产 量产 增产 扩产 投产 产能
    产值 成本 费用 价格 利润 损失 亏损 投资 资金 经费 预算 人工 用工 人员 工人 员工 操作 操作工 班组 班次 部门
    单位 团队 专家 院所 高校 车间 工厂 现场 项目 课题 方案 计划 目标 任务 要求 需求 问题 原因 结果 情况 条件
    方式 方法 办法 措施 手段 过程 阶段 步骤 环节 工作 研究 开发 研发 攻关 合作 技术 工艺 设备 装置 产品 样品
    样件 材料 系统 平台 模块 机制 机理 规律 模型 标准 规范 规程 指标 质量指标 参数 数据 记录 报告 数量 次数 比例
    比率 水平 程度 范围 区间 上限 下限 最大 最小 最高 最低 平均 时间 小时 分钟 天数 周期 长期 短期 目前 现有
    现状 关键 重要 主要 核心 明显 显著 较大 较高 较低 频繁 稳定 波动 离散 超标 超限 超过 达到 降到 提高 提升
    降低 减少 增加 缩短 延长 改善 改进 改为 替换 替代 替代品 优化 解决 处理 控制 管理 检测 检验 送检 挑选 筛选
    试验 试制 实验 实验室 验证 评价 评估 测试 测量 分析 计算 估计 预测 设计 制造 生产 加工 制备 使用 应用 实施
    运行 建立 形成 提供 采用 满足 产生 造成 导致 引起 出现 存在 发生 影响 带来 面临 给定 协同 配合 自动 手工
    调试 折合 组成 成分 性能 质量 产量 出量 型号 规格 批次 部分 部位 位置 表面 内部 外部
    同一 现行 疑点 合计 报废 恢复 维护 直接 加速 生成 反复 实测 高于 低于 缺少 整线 所用 保持 全部 国产 价差 合格
    实时 用率 因子 标杆 风险
    """.split()
)

_read: dict[tuple[Any, ...], dict[str, int]] = {}


def telling_words(
    text: str, pieces: Iterable[str], is_technical: Callable[[str], bool], is_covered: Callable[[str], bool]
) -> list[str]:
    """Words of ``text`` inside the pieces, those of the glossary first, then heaviest piece first.

    ``is_technical`` tells a word of the glossary; ``is_covered`` one that somebody has after all: a piece nobody covers
    may hold a word that many do. Chinese pieces may be cut inside a word; Latin words and formulae are whole already.
    """
    spread = _spread()
    most = max(SPREAD_LEAST, max(spread.values(), default=0) // SPREAD_SHARE)
    rare = [w for w in _whole_words(text, pieces, is_technical) if w not in _EVERYDAY and spread.get(w, 0) <= most]
    ordered = [*filter(is_technical, rare), *(word for word in rare if not is_technical(word))]
    return list(islice((word for word in ordered if not is_covered(word)), MOST_WORDS))


def _whole_words(text: str, pieces: Iterable[str], is_technical: Callable[[str], bool]) -> dict[str, None]:
    import rjieba  # 0.15 s to load its dictionary: not at start-up.

    tagged = [(word, tag) for word, tag in rjieba.tag(text) if len(word) > 1 and _CHINESE.fullmatch(word)]
    # Of what the glossary does not know only nouns name something; what no dictionary knows was guessed: 自研后.
    words = [w for w, tag in tagged if (tag[0] == _NOUN or is_technical(w)) and rjieba.has_word(w)]
    found: dict[str, None] = {}
    for run in (run for piece in pieces for run in _CHINESE.split(piece)):
        if _CHINESE.fullmatch(run):
            found.update((word, None) for word in words if word in run)
        elif len(plain := run.strip(" -/,.;:()%")) > 1 and any(letter.isalpha() for letter in plain):
            found.setdefault(plain)
    return found


def _spread() -> Mapping[str, int]:
    """Word → in how many industries' posted challenges it stands; kept until a challenge is added or changed."""
    version = ChallengeVersion
    key = tuple(db.session.execute(select(func.count(), func.max(version.id), func.max(version.created_at))).one())
    if key not in _read:
        import rjieba

        public = (
            select(Challenge.industry, version.title, version.background, version.content)
            .join(Challenge, Challenge.id == version.challenge_id)
            .where(Challenge.posted_at.is_not(None), version.number == Challenge.version)
            .order_by(version.id.desc())
            .limit(MOST_READ)
        )
        industries: dict[str, set[str]] = defaultdict(set)
        for industry, *texts in db.session.execute(public):
            for word in set(rjieba.cut("\n".join(texts))):
                industries[word].add(industry)
        _read.clear()
        _read[key] = {word: len(found) for word, found in industries.items()}
    return _read[key]
