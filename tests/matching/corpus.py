"""A small corpus of the tests' own writing, and random ones."""

from __future__ import annotations

import random

from matching import Document, Need, Profile

CERAMIST = Profile(
    "ceramist",
    keywords=["Si3N4", "轴承球"],
    bio="长期研究氮化硅陶瓷的气压烧结与晶界相设计",
    documents=[
        Document("Sintering of silicon nitride balls", "Gas pressure sintering with yttria.", year=2021),
        Document("一种轴承球毛坯", keywords=["色斑"], year=2024),
    ],
)
BOTANIST = Profile("botanist", bio="研究番茄病毒病的田间快速检测与种子消毒")
CHEMIST = Profile(
    "chemist", keywords=["硝化"], bio="从事微通道连续流硝化反应与反应量热", documents=[Document("混酸硝化动力学")]
)
SCHOLAR = Profile(
    "scholar", bio="Works on delamination of borosilicate vials and hydrolytic resistance of pharmaceutical glass."
)
EVERYONE = [CERAMIST, BOTANIST, CHEMIST, SCHOLAR]
BALLS = Need("balls", "氮化硅陶瓷球批次一致性", "气压烧结后密度离散，精研后出现色斑")

_CHARACTERS = "氮硅陶瓷烧结反应催化膜电池玻璃检测算法泵轴承"
_WORDS = ["silicon", "nitride", "glass", "pump", "membrane", "reactor", "Si3N4", "PTFE", "bearing", "catalyst"]


def random_text(draw: random.Random, length: int) -> str:
    return " ".join(
        "".join(draw.choices(_CHARACTERS, k=draw.randint(1, 5))) if draw.random() < 0.6 else draw.choice(_WORDS)
        for _ in range(length)
    )


def random_profiles(seed: int, number: int) -> list[Profile]:
    draw = random.Random(seed)
    return [
        Profile(
            f"p{i:04}",
            keywords=[random_text(draw, 1)],
            bio=random_text(draw, draw.randint(0, 6)),
            documents=[Document(random_text(draw, 3)) for _ in range(draw.randint(0, 3))],
        )
        for i in range(number)
    ]
