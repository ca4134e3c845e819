"""What clauses are about, told by their words: weighty matters, and those that become risks."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from frontend.workflows.clauses import Clause, clauses
from frontend.workflows.fields import Language
from frontend.workflows.paper import Paper
from frontend.workflows.windows import tokens

_NAMED: Final = 3  # what a clause's heading counts, beside one for each cue in its text
_ENOUGH: Final = 2
_LEAST_TOKENS: Final = 8  # of a sentence; what is shorter is a heading


@dataclass(frozen=True)
class Matter:
    """Something that clauses are about."""

    title: str
    title_zh: str
    cues: re.Pattern[str]

    def named(self, language: Language) -> str:
        """What it is called."""
        return self.title_zh if language is Language.CHINESE else self.title


def _matter(title: str, title_zh: str, *cues: str) -> Matter:
    return Matter(title, title_zh, re.compile("|".join(cues), re.IGNORECASE))


KEY: Final = (  # the weightiest first
    _matter(
        "Payment",
        "价款",
        r"\b(?:price|fees?|rent|salary|payments?|compensation|remuneration|royalt\w+)\b|\bpay\b",
        "租金|价款|费用|工资|报酬|支付|付款",
    ),
    _matter(
        "Confidentiality",
        "保密",
        r"confidential\w*|secre(?:t|cy)|non-?disclosure|shall not disclose",
        "保密|商业秘密",
    ),
    _matter(
        "Term",
        "期限",
        r"\bterm\b|remains? in (?:full )?force|period of|expir\w+|\brenew\w*",
        "期限|有效期|届满|续",
    ),
    _matter(
        "Termination",
        "解除与终止",
        r"\bterminat\w+|written notice|\bend (?:it|this)",
        "解除|终止|提前.{0,8}通知",
    ),
    _matter(
        "Liability",
        "责任",
        r"\bliab\w+|indemnif\w+|damages|\bbreach\w*|remed(?:y|ies)",
        "违约|赔偿|责任",
    ),
    _matter(
        "Governing law and disputes",
        "适用法律与争议",
        r"governing law|governed by|\blaws? of|arbitrat\w+|courts? of|jurisdiction",
        "适用.{0,8}法律|仲裁|法院|争议",
    ),
    _matter(
        "Purpose", "目的", r"\bpurposes?\b|wish to|\bservices\b|desire to", "目的|服务|用途|标的"
    ),
)
RISKS: Final = (
    _matter(
        "Penalty or fixed damages",
        "违约金",
        r"liquidated damages|\bpenalt(?:y|ies)\b|late (?:fee|charge|payment)|interest (?:at|of) ",
        "违约金|滞纳金|罚款|逾期",
    ),
    _matter(
        "Indemnity",
        "赔偿",
        r"indemnif\w+|indemnit\w+|hold harmless|save harmless",
        "赔偿|补偿",
    ),
    _matter(
        "Liability",
        "责任限制",
        r"limit\w* (?:of|on|its) liabilit\w+|(?:no|not be) liab\w+|unlimited|consequential|as is\b",
        "不承担.{0,12}责任|责任.{0,8}(?:上限|不超过)|免责",
    ),
    _matter(
        "Renews by itself",
        "自动续期",
        r"automatically (?:renew|extend)\w*|renew\w* automatically|successive (?:terms?|periods?)",
        "自动续|自动延",
    ),
    _matter(
        "May be ended early",
        "单方解除",
        r"terminat\w+ (?:this agreement )?(?:at any time|immediately|without cause|for convenience)"
        r"|may terminate|may end (?:it|this)",
        "有权.{0,12}(?:解除|终止)|提前.{0,6}(?:解除|终止)|立即(?:解除|终止)",
    ),
    _matter(
        "Exclusivity and competition",
        "独家与竞业",
        r"exclusiv\w+|non-?compet\w+|not (?:to )?(?:compete|solicit|hire|employ)|non-?solicit\w+"
        r"|standstill",
        "独家|竞业|不得.{0,10}(?:招揽|竞争|雇用)",
    ),
    _matter(
        "Assignment",
        "转让",
        r"(?:not|neither).{0,40}\bassign\w*|assign\w*.{0,60}without.{0,30}consent"
        r"|change of control",
        "不得.{0,12}(?:转让|转租)|未经.{0,16}(?:转让|转租)",
    ),
    _matter(
        "Injunction",
        "禁令救济",
        r"injuncti\w+|specific performance|equitable relief|irreparable",
        "禁令|强制履行",
    ),
    _matter(
        "Lasts beyond the end",
        "终止后仍有效",
        r"surviv\w+|after (?:the )?terminat\w+|perpetual|in perpetuity|indefinite",
        "终止后|永久|继续有效",
    ),
    _matter(
        "Deposit or prepayment",
        "押金与预付款",
        r"non-?refundable|forfeit\w*|security deposit",
        "押金|定金|不予退还",
    ),
)


@dataclass(frozen=True)
class Found:
    """A stretch of a paper's text that is about a matter."""

    matter: Matter
    start: int
    end: int
    heading: str = ""  # of the clause, if it has one


def key_clauses(paper: Paper) -> Iterator[Found]:
    """For each weighty matter, the sentence that says most about it, in the clause named for it."""
    candidates = list(_sentences(paper))
    for matter in KEY:
        best, most = None, 0
        for clause, start, end in candidates:
            score = _score(matter, clause, paper.text[start:end])
            if score > most:
                best, most = (clause, start, end), score
        if best is not None and most >= _ENOUGH:
            clause, start, end = best
            named = clause.heading if matter.cues.search(clause.heading) else ""
            yield Found(matter, start, end, named)


def risks(paper: Paper) -> Iterator[Found]:
    """For each matter that becomes a risk, the first sentence about it."""
    candidates = [(start, end) for _, start, end in _sentences(paper)]
    for matter in RISKS:
        for start, end in candidates:
            if matter.cues.search(paper.text[start:end].replace("\n", " ")):
                yield Found(matter, start, end)
                break


def rank(text: str) -> int:
    """Where the matter of a sentence stands among the weighty ones; behind them all if nowhere."""
    return next((place for place, one in enumerate(KEY) if one.cues.search(text)), len(KEY))


def is_risky(text: str) -> bool:
    """Whether a sentence names one of the risks."""
    return any(matter.cues.search(text) for matter in RISKS)


def _sentences(paper: Paper) -> Iterator[tuple[Clause, int, int]]:
    """Every sentence long enough to say something, with its clause; titles are passed over."""
    for clause in clauses(paper):
        first = bisect.bisect_right(paper.sentences, (clause.body, 0)) - 1
        for start, end in paper.sentences[max(0, first) :]:
            if start >= clause.end:
                break
            start, end = max(start, clause.body), min(end, clause.end)
            if start and tokens(paper.text[start:end]) >= _LEAST_TOKENS:
                yield clause, start, end


def _score(matter: Matter, clause: Clause, text: str) -> int:
    cues = set(map(str.casefold, matter.cues.findall(text)))
    return _NAMED * bool(matter.cues.search(clause.heading)) + len(cues) if cues else 0
