"""Contracts of kinds that training never shows, to be examined with: their own clauses, their own fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from scripts.reader import chance as names
from scripts.reader import values
from scripts.reader.values import Value


@dataclass(frozen=True)
class Paper:
    """A contract to be examined: its text, and the fields with their questions and right values."""

    kind: str
    language: str
    pages: tuple[str, ...]
    instruction: str
    schema: dict[str, Any]
    answer: dict[str, Any]


def papers(seed: int, language: str, each: int) -> list[Paper]:
    """`each` contracts of every kind of a language."""
    made = []
    for number, kind in enumerate(_KINDS[language]):
        for place in range(each):
            made.append(_paper(Random(f"{seed}-{language}-{number}-{place}"), language, kind))
    return made


class _Form:
    """Draws values for one contract and remembers them under the fields' names."""

    def __init__(self, chance: Random, language: str) -> None:
        self.chance = chance
        self.language = language
        self.fields: dict[str, tuple[str, dict[str, Any]]] = {}  # name -> question, type
        self.answer: dict[str, Any] = {}

    def _keep(self, name: str, ask: str, value: object, kind: dict[str, Any]) -> None:
        self.fields[name] = (ask, kind)
        self.answer[name] = value

    def text(self, name: str, ask: str, choices: str | list[str]) -> str:
        options = choices.split("|") if isinstance(choices, str) else choices
        value = self.chance.choice(options)
        self._keep(name, ask, value, {"type": ["string", "null"]})
        return value

    def date(self, name: str, ask: str) -> str:
        value = values.dated(self.chance, values.any_date(self.chance, 2015, 2027), self.language)
        self._keep(name, ask, value.normal, {"type": ["string", "null"]})
        return value.written

    def money(self, name: str, ask: str, low: int, high: int) -> str:
        value = values.money(self.chance, self.language, low, high)
        number = value.number or 0.0
        exact = int(number) if number == int(number) else number
        self._keep(name, ask, exact, {"type": ["number", "null"]})
        return value.written

    def percent(self, name: str, ask: str, low: float, high: float) -> str:
        value = values.percent(self.chance, self.language, low, high)
        self._keep(name, ask, value.normal, {"type": ["string", "null"]})
        return value.written

    def span(self, name: str, ask: str, unit: str, low: int, high: int) -> str:
        number = self.chance.randint(low, high)
        value = values.duration(self.chance, self.language, unit, number)
        self._keep(name, ask, value.normal, {"type": ["string", "null"]})
        return value.written

    def number(self, name: str, ask: str, low: int, high: int) -> str:
        value = self.chance.randint(low, high)
        self._keep(name, ask, value, {"type": ["integer", "null"]})
        return str(value)

    def flag(self, name: str, ask: str, true: str, false: str) -> str:
        value = self.chance.random() < 0.5
        self._keep(name, ask, value, {"type": ["boolean", "null"]})
        return true if value else false

    def absent(self, name: str, ask: str) -> None:
        self._keep(name, ask, None, {"type": ["string", "null"]})

    def party(self, name: str, ask: str, *, person: bool = False) -> str:
        if self.language == "zh":
            text = names.person_zh(self.chance) if person else names.company_zh(self.chance)
            value = Value(text, text)
        else:
            text = names.person(self.chance) if person else names.company(self.chance)
            value = Value(text, values.plain_name(text))
        self._keep(name, ask, value.normal, {"type": ["string", "null"]})
        return value.written


def _paper(chance: Random, language: str, kind: Callable[[_Form], tuple[str, str]]) -> Paper:
    form = _Form(chance, language)
    title, body = kind(form)
    wanted = list(form.fields)
    chance.shuffle(wanted)
    wanted = wanted[:8]
    properties = {
        name: {**form.fields[name][1], "description": form.fields[name][0]} for name in wanted
    }
    schema = {"type": "object", "properties": properties, "required": wanted}
    instruction = (
        "请从合同中提取下列信息。"
        if language == "zh"
        else "Please extract these facts from the contract."
    )
    width, height = (36, 34) if language == "zh" else (88, 42)
    lines = [title]
    for paragraph in body.strip().splitlines():
        text = paragraph.strip()
        lines += (
            [text[at : at + width] for at in range(0, len(text), width)]
            if language == "zh"
            else _wrapped(text, width)
        )
    pages = tuple("\n".join(lines[at : at + height]) for at in range(0, len(lines), height))
    return Paper(
        title, language, pages, instruction, schema, {name: form.answer[name] for name in wanted}
    )


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width)


def _storage_zh(form: _Form) -> tuple[str, str]:
    keeper = form.party("保管人", "保管人名称")
    owner = form.party("存货人", "存货人名称")
    form.absent("汇率条款", "合同约定的汇率")
    return (
        "仓储保管合同",
        f"""
存货人：{owner}
保管人：{keeper}
兹因存货人需委托保管人储存货物，双方于{form.date("订立日期", "合同在哪一天订立")}在平等协商的基础上订立以下条款，共同信守。
第一条 储存物。存货人交付储存的货物为{form.text("储存物", "储存的货物是什么", "棉花|橡胶制品|冷冻水产|白酒|电子元件|化肥|图书")}，共计{form.number("件数", "储存货物的件数", 20, 3000)}件，包装应符合运输与储存要求，否则由此造成的变质由存货人自负。
第二条 储存场所。货物存放于{form.text("仓库位置", "仓库在什么地方", [names.address_zh(form.chance) for _ in range(2)])}之库房内，保管人未经同意不得移库。
第三条 储存时间。储存期间共{form.span("储存期", "货物储存多长时间", "month", 1, 24)}，自货物验收入库之次日起计。
第四条 仓储费。仓储费按月计收，每月{form.money("月仓储费", "每月仓储费多少元", 800, 60000)}，存货人应在每月末日之前付清。迟延支付的，按所欠数额每日加收{form.percent("日滞纳率", "迟延支付每日加收比例", 0.01, 0.5)}。
第五条 验收。保管人应在货物到库后{form.span("验收时限", "验收应在多长时间内完成", "day", 1, 15)}之内完成验收，逾期视为货物完好。
第六条 损耗。自然损耗在千分之五以内的，保管人不负赔偿之责。{form.flag("是否投保", "货物是否办理保险", "储存期间的货物由存货人办理财产保险，保险费自付。", "双方确认不为储存货物办理保险，风险由存货人承担。")}
第七条 提取。存货人提前提取货物的，不减收仓储费；逾期提取的，应当加收。
第八条 纠纷。凡因执行本合同发生的纠纷，双方应先行协商，协商不成时交由{form.text("纠纷法院", "纠纷交由哪个法院处理", [f"{city}市{area}区人民法院" for city, area in (("青岛", "市南"), ("宁波", "鄞州"), ("武汉", "江岸"))])}裁判。
第九条 本合同一式两份，双方各执一份，盖章后生效。
""",
    )


def _shares_zh(form: _Form) -> tuple[str, str]:
    seller = form.party("转让方", "谁转让股权", person=True)
    buyer = form.party("受让方", "谁受让股权")
    target = form.party("目标公司", "被转让股权的公司")
    form.absent("竞业限制期", "竞业限制的期限")
    return (
        "股权转让协议",
        f"""
转让方（下称“出让人”）：{seller}
受让方（下称“买受人”）：{buyer}
鉴于：出让人合法持有{target}（下称“公司”）的股权，现有意出让，买受人愿意受让。双方经充分磋商，签署本协议如下：
1.1 标的股权。出让人将其持有的公司{form.percent("转让比例", "转让的股权占多大比例", 5, 90)}的股权转让给买受人。该部分股权对应的出资已全部缴足，不存在质押、冻结或其他权利负担。
1.2 对价。标的股权的转让对价经双方确认为{form.money("转让对价", "股权转让价格", 100000, 9000000)}，买受人不得以任何理由要求调减。
2.1 支付安排。买受人在本协议签署后{form.span("首期支付时限", "签署后多久支付首期款", "day", 3, 30)}内支付对价的{form.percent("首期比例", "首期款占对价的比例", 20, 60)}，余款于工商变更登记办妥之后付清。
2.2 出让人收款账户开立于{form.text("收款银行", "出让人的收款银行", "中国银行苏州分行|招商银行成都支行|平安银行深圳分行|中信银行济南支行")}。
3.1 交割。双方应配合公司在{form.date("交割日", "最迟哪一天完成交割")}之前办理完毕股东变更登记手续，是日为交割日。
3.2 过渡期内公司产生的损益由{form.text("过渡期损益承担方", "过渡期间的损益由谁承担", "出让人|买受人")}享有和承担。
4.1 陈述与保证。出让人保证向买受人提供的文件均真实、完整，公司不存在未披露的对外担保。
4.2 保守秘密。任何一方对在磋商过程中获悉的他方资料负有保密之责，该责任持续{form.span("保密年限", "保密责任持续几年", "year", 1, 6)}。
5.1 违约。任何一方违反其陈述与保证，应赔偿对方的全部损失，并另行给付{form.money("违约赔付额", "违约时另行给付多少", 10000, 500000)}作为惩罚。
5.2 {form.flag("能否仲裁", "争议是否由仲裁机构处理", "因本协议引起的一切争议，均由中国国际经济贸易仲裁委员会按其规则处理。", "因本协议引起的一切争议，任何一方均可向公司注册地的法院起诉，双方排除仲裁。")}
5.3 本协议自双方签字或盖章之日起成立，于{form.date("协议生效日", "协议自哪天生效")}开始具有约束力。
""",
    )


def _advert_zh(form: _Form) -> tuple[str, str]:
    client = form.party("广告主", "广告主是谁")
    medium = form.party("发布方", "广告发布方名称")
    form.absent("押金", "押金金额")
    return (
        "户外广告发布合同",
        f"""
合同号：{form.text("合同号", "合同号", [f"GG{form.chance.randint(100, 999)}-{form.chance.randint(10, 99)}"])}
广告主（以下称甲方）：{client}
发布方（以下称乙方）：{medium}
甲、乙双方就甲方委托乙方发布户外广告一事，约定如下：
（一）发布内容：甲方产品“{form.text("推广产品", "推广的是什么产品", "清泉牌矿泉水|小熊儿童奶粉|迅捷电动自行车|云朵乳胶床垫|百味酱油")}”的平面广告画面，由甲方自行设计并提供。
（二）发布位置：{form.text("广告位置", "广告发布在什么位置", "火车站南广场大屏|环城高速入口立柱|机场航站楼到达厅|地铁二号线车厢|体育中心外墙")}，共{form.number("广告位数量", "广告位有几个", 1, 40)}块。
（三）发布时间：自{form.date("上画日期", "广告何时开始发布")}上画，连续发布{form.span("发布时长", "广告连续发布多久", "day", 7, 200)}。
（四）费用：广告发布费总计{form.money("发布费", "广告发布费一共多少", 3000, 900000)}，制作费另计，为{form.money("制作费", "制作费是多少", 500, 30000)}。上述费用均已包含增值税。
（五）付款：甲方应在上画后{form.span("付款宽限", "上画之后多久内付款", "day", 3, 60)}内一次付清，乙方同时开具专用发票。
（六）乙方应保证画面完好。因乙方原因造成停播的，停播一日补播{form.number("补播天数", "停播一日补播几天", 1, 3)}日。
（七）{form.flag("独占性", "甲方是否独占该广告位", "发布期内，该广告位仅供甲方独占使用，乙方不得安排其他客户。", "该广告位为轮播形式，甲方不享有独占权，乙方可同时安排其他客户。")}
（八）甲方指定{form.text("甲方经办人", "甲方的经办人", [names.person_zh(form.chance)])}负责本合同的对接事宜，其签字的确认单对甲方有约束力。
（九）因不可抗力或政府行为导致无法发布的，双方互不担责，已付未播部分的费用应予退还。
""",
    )


def _car_zh(form: _Form) -> tuple[str, str]:
    owner = form.party("车主", "出租车辆的一方")
    user = form.party("租车人", "租用车辆的一方", person=True)
    form.absent("违约法院", "管辖法院")
    return (
        "汽车租用协议",
        f"""
车主：{owner}　　租车人：{user}
为满足租车人用车需要，双方商定以下各项：
一 车辆情况。租用的车辆为{form.text("车型", "租用的是什么车", "别克商务车|丰田凯美瑞轿车|依维柯客车|五菱面包车|比亚迪电动轿车")}，号牌{form.text("车牌", "车辆号牌", [f"苏A{form.chance.randint(10000, 99999)}", f"粤B{form.chance.randint(10000, 99999)}"])}，交车时里程表读数为{form.number("里程", "交车时的里程数", 1000, 180000)}公里。
二 租用时间。自{form.date("取车日", "取车的日期")}取车，至{form.date("还车日", "还车的日期")}还车。逾期还车的，每日加付日租金的{form.percent("逾期加收", "逾期还车每日加付比例", 20, 200)}。
三 费用。每日租金{form.money("日租金", "每天租金多少", 80, 2500)}；取车时另付{form.money("租车押款", "取车时另付的押款", 1000, 20000)}作为担保，还车验车无误后{form.span("押款退还时限", "押款多久退还", "day", 3, 45)}内退还。
四 限制。租车人每日行驶不得超过{form.number("日限里程", "每日行驶里程上限", 100, 500)}公里，{form.flag("能否出省", "车辆能否驶出本省", "车辆可驶往全国各地，但须提前告知车主。", "车辆只准在本省之内行驶，不得驶往外省。")}
五 用途。车辆仅用于{form.text("车辆用途", "车辆作什么用", "接送员工|商务接待|家庭出游|运送样品|婚礼车队")}，不得用于营运、比赛或违法活动。
六 事故。发生交通事故，租车人应立即报警并于{form.span("报案时限", "事故后多久内通知车主", "day", 1, 3)}内通知车主，协助办理理赔。未获理赔的损失由租车人承担。
七 保养。租用期间的燃料、停车及通行费用由租车人负担，正常保养由车主负责。
八 其他。未尽事宜，双方另议。
""",
    )


def _show_zh(form: _Form) -> tuple[str, str]:
    host = form.party("主办方", "演出主办方")
    troupe = form.party("演出方", "演出团体名称")
    form.absent("转租条款", "能否转租")
    return (
        "演出合作合同",
        f"""
主办方：{host}
演出方：{troupe}
经友好协商，双方就演出事宜达成一致，并于{form.date("签字日", "合同哪天签字")}签字。
1、演出名称：{form.text("演出名称", "演出叫什么名字", "《山海回声》音乐会|《长街旧事》话剧|《星夜》现代舞|《龙宫奇遇》儿童剧|新春相声大会")}。
2、演出地点：{form.text("演出场地", "在哪里演出", "西安人民剧院|杭州大剧院|长沙音乐厅|昆明文化宫|沈阳工人礼堂")}。
3、演出场次：共演出{form.number("场次", "一共演出几场", 1, 30)}场，首场演出定于{form.date("首演日期", "首场演出在哪一天")}举行，每场时长不少于{form.number("每场分钟", "每场至少多少分钟", 45, 180)}分钟。
4、酬金：主办方按每场{form.money("单场酬金", "每场演出的酬金", 5000, 300000)}的标准向演出方支付酬金（税后）。演职人员的食宿由主办方安排。
5、票房：票房收入超过成本的部分，演出方分得{form.percent("分成", "演出方的票房分成", 5, 50)}。
6、撤销：主办方撤销演出，应提早{form.span("撤销预告期", "撤销演出要提前多久告知", "day", 5, 60)}告知演出方，否则须赔付已发生的排练开支，最多不超过{form.money("撤销赔付上限", "撤销时最多赔付多少", 5000, 200000)}。
7、录像：{form.flag("可否录像", "主办方可否录像", "主办方可对演出全程录像，并用于宣传。", "未经演出方书面许可，主办方不得录像或转播。")}
8、负责人：演出方的舞台总监为{form.text("舞台总监", "舞台总监是谁", [names.person_zh(form.chance)])}。
9、合作期满后{form.span("禁演期", "合作期满后多久不得在同城再演", "month", 1, 12)}内，演出方不得在同一城市再次上演同一剧目。
10、本合同适用{form.text("所依法律", "合同依据哪里的法律", "中华人民共和国|中国香港|澳门特别行政区")}之法律。
""",
    )


def _storage_en(form: _Form) -> tuple[str, str]:
    keeper, owner = (
        form.party("warehouse_keeper", "Who stores the goods?"),
        form.party("depositor", "Who deposits the goods?"),
    )
    form.absent("exchange_rate", "Agreed exchange rate")
    return (
        "WAREHOUSING AGREEMENT",
        f"""
Concluded {form.date("concluded_on", "Day on which it was concluded")} between {owner} (“Depositor”) and {keeper} (“Keeper”).
A. Stored goods. Depositor delivers into storage {form.number("packages", "How many packages are stored?", 20, 3000)} packages of {form.text("stored_goods", "What is stored?", "raw rubber|frozen shrimp|printed books|fertiliser|bottled wine|spare tyres")}. The Keeper inspects them within {form.span("inspection_time", "Time for inspection", "day", 2, 20)} of arrival.
B. Place. The goods are kept in the warehouse at {form.text("warehouse", "Where is the warehouse?", [names.address(form.chance)])} and may not be moved elsewhere.
C. Storage lasts {form.span("storage_time", "How long are goods stored?", "month", 1, 24)} counted from the inspection.
D. Charges. Storage charges come to {form.money("storage_charge", "Storage charge per month as a number", 300, 40000)} each month. On arrears a surcharge of {form.percent("surcharge", "Surcharge on arrears", 1, 9)} is added.
E. Shrinkage. Natural loss of weight is borne by the Depositor. {form.flag("insured", "Are the goods insured?", "The Depositor takes out insurance for the goods.", "The goods are not insured during storage.")}
F. Lien. The Keeper has a lien on the goods for sums that remain unpaid, and may sell them after a warning of {form.span("sale_warning", "Warning before the goods may be sold", "day", 10, 60)}.
G. This contract follows the law of {form.text("law_followed", "Whose law does it follow?", "Ohio|Ontario|France|Kenya|Texas")}.
""",
    )


def _event_en(form: _Form) -> tuple[str, str]:
    host, troupe = (
        form.party("host", "Who hosts the event?"),
        form.party("performer", "Who performs?", person=True),
    )
    form.absent("minimum_order", "Minimum order quantity")
    return (
        "PERFORMANCE ENGAGEMENT",
        f"""
{host}, the Host, engages {troupe}, the Artist, on the terms that follow, signed {form.date("signed_on", "When was it signed?")}.
I. The Artist performs “{form.text("show_title", "Title of the show", "Winter Songs|The Glass Harbour|Nine Lanterns|Blue Hour|Paper Boats")}” at {form.text("hall", "Hall in which the show takes place", "Albion Hall|the Riverside Theatre|St. Mark's Arena|the Old Granary")} on {form.number("performances", "Number of performances", 1, 25)} evenings, the first being {form.date("first_night", "Date of the first performance")}.
II. For every evening the Host pays an artist's fee of {form.money("artist_fee", "Fee per evening as a number", 200, 50000)}; of box office takings above cost the Artist receives {form.percent("box_office_share", "Artist's share of takings", 5, 50)}.
III. The Host may cancel if it tells the Artist {form.span("cancellation_warning", "How long before must a cancellation be announced?", "day", 5, 60)} ahead.
IV. {form.flag("recording", "May the Host record the show?", "The Host may record the show for its archive.", "No recording of any kind is permitted.")}
V. The stage manager is {form.text("stage_manager", "Who is stage manager?", [names.person(form.chance)])}. Travel and lodging are arranged by the Host.
VI. For {form.span("hold_off", "Time during which the Artist may not perform nearby", "month", 1, 12)} afterwards the Artist will not appear within fifty miles of the hall.
""",
    )


_KINDS: dict[str, tuple[Callable[[_Form], tuple[str, str]], ...]] = {
    "zh": (_storage_zh, _shares_zh, _advert_zh, _car_zh, _show_zh),
    "en": (_storage_en, _event_en),
}
