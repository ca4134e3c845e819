"""Particulars: things named by chance with a value each, so that fields never seen are read too."""

from __future__ import annotations

from random import Random

from scripts.reader import chance as names
from scripts.reader import values
from scripts.reader.facts import Fact, Wording
from scripts.reader.values import Value

# Nouns by the kind of their values; what is asked for is put together from them.
_NOUNS_EN = {
    "date": "handover,inspection,audit,launch,first shipment,review,return,opening,registration,closing,"
    "survey,election,last payment,kick-off,sign-off,publication,harvest,departure,arrival,enrolment",
    "money": "handling fee,cleaning charge,annual subscription,tuition,entry fee,freight,"
    "customs duty,survey fee,setup cost,prize,ticket price,unit price,daily rate,grant,"
    "compensation,parking fee,management fee,settlement sum,travel allowance,reserve",
    "duration": "objection period,cooling-off period,lead time,response time,holding period,"
    "training period,retention of records,grace period,production time,trial,guarantee of spare parts,"
    "suspension,exclusivity window,cure period,claim period,loan of equipment,repair time",
    "percent": "bonus share,profit share,overrun tolerance,scrap rate,occupancy target,service level,rebate,"
    "ownership share,moisture limit,surcharge,voting threshold,minimum attendance,coinsurance,margin",
    "number": "number of visits,page count,headcount,batch size,number of copies,guest limit,"
    "number of licences,truckloads,parking spaces,lessons per week,maximum load,test runs,storeys,rooms,sample size",
    "person": "project lead,site manager,inspector,driver,tutor,auditor,editor,trustee,architect,"
    "medical officer,safety officer,translator,caretaker,liaison officer",
    "company": "subcontractor,insurer,freight forwarder,escrow agent,testing laboratory,printer,publisher,"
    "venue operator,logistics partner,beneficiary,caterer",
    "place": "collection point,test site,venue,showroom,head office,loading dock,return address,"
    "workshop,training centre",
    "text": "packaging,raw material,colour,file format,language of reports,crop,medium of publication,"
    "brand,route,cargo,course,exhibit,title of the work,grade,fuel,species,device,building type",
}  # fmt: skip
_NOUNS_ZH = {
    "date": "移交日期,检验日期,开工日,盘点日,登记日,送达日,报到日期,投产日期,验收日,撤场日期,付清日,出版日期,"
    "启用日期,归还日期,上线日期,发车日期,开课日期,结业日期,公示日期",
    "money": "手续费,清洁费,年费,学费,入场费,运费,关税,检测费,安装费,奖金总额,票价,单价,补助金,"
    "补偿金,停车费,物业管理费,和解金额,差旅补贴,维修基金,加盟费,培训费,设计费",
    "duration": "检验期,冷静期,供货周期,响应时间,锁定期,培训时间,档案保存期,宽限期,生产周期,试运行期,"
    "备件供应期,暂停期,独家期,整改期限,索赔期,借用期,修复时限,排期,服务年限,通知时限",
    "percent": "奖励比例,分红比例,超耗率,废品率,出租率,服务达标率,返点比例,含水率上限,表决比例,"
    "最低出勤率,自负比例,毛利率,首付比例,损耗率,税率,溢价率,回购比例",
    "number": "走访次数,页数,人数,批量,份数,宾客上限,许可证数,车次,车位数,每周课时,最大载重,试验次数,层数,"
    "房间数,抽样数,集数,座位数,亩数",
    "person": "项目总监,现场经理,检验员,驾驶员,辅导教师,审计师,编辑,受托人,建筑师,医务负责人,安全员,译者,"
    "看护人,联络员,主讲人,见证人",
    "company": "分包单位,承保公司,货运代理,监管方,检测机构,承印单位,出版社,场馆方,物流服务商,受益方,餐饮供应商,"
    "监理单位,设计单位,赞助商",
    "place": "提货点,试验地点,展厅地址,总部地址,装卸地点,退货地址,车间位置,培训地点,项目所在地",
    "text": "包装方式,原材料,颜色,文件格式,报告语言,作物,发布媒体,品牌,运输路线,货物品类,活动名称,课程名称,展品,"
    "作品名称,等级,燃料,品种,设备名称,建筑类型",
}  # fmt: skip
_ADJECTIVES_EN = "agreed,annual,basic,final,first,initial,maximum,minimum,monthly,total,special,second,extra,regular,planned,".split(
    ","
)
_ADJECTIVES_ZH = (
    "约定,年度,基础,最终,首次,初始,最高,最低,每月,合计,专项,二期,额外,常规,预计,,,,".split(",")
)
_TEXTS_EN = (
    "oak,steel drums,recycled paper,dark blue,PDF,Portuguese,winter wheat,regional radio,the northern route,"
    "frozen fish,the spring fair,first aid for beginners,a bronze statue,grade B,diesel,Atlantic salmon,"
    "a portable scanner,a three-storey hotel,wooden pallets,silk scarves,a silver van,city marathon,"
    "an open-air concert,cardboard boxes,olive oil,evening newspaper,ceramic tiles,English and French"
).split(",")
_TEXTS_ZH = (
    "橡木,铁桶包装,再生纸,深蓝色,电子表格,葡萄牙语,冬小麦,地方电台,北线公路,冷冻鱼,春季展销会,急救入门课程,青铜雕像,二级,"
    "柴油,大西洋鲑鱼,便携式扫描仪,三层酒店,木托盘包装,丝绸围巾,银色面包车,城市马拉松,露天音乐会,纸箱包装,橄榄油,晚报头版,"
    "瓷砖,中英双语,《春江》纪录片,教材"
).split(",")
_SAYS_EN = (
    "The {n} is {v}.|The {n} shall be {v}.|{N}: {v}.|The parties set the {n} at {v}.|{v} is agreed as {n}.|"
    "As {n}, the parties have chosen {v}.|{A} accepts {v} as the {n}.|For this contract the {n} comes to {v}.|"
    "Unless changed in writing, the {n} remains {v}.|{B} has named {v} as {n}."
)
_SAYS_ZH = (
    "{n}为{v}。|{n}：{v}。|双方约定{n}为{v}。|{n}确定为{v}，未经协商不得变更。|{v}为本合同{n}。|经双方确认，{n}是{v}。|"
    "{a}同意以{v}作为{n}。|本次{n}定为{v}，{b}无异议。|{n}应为{v}，另有约定的除外。|其中{n}{v}。"
)
_ASK_EN = {
    "date": "Date of the {n}|When is the {n}?|On what day is the {n}?",
    "money": "Amount of the {n}|How much is the {n}?|{N} in figures",
    "duration": "Length of the {n}|How long is the {n}?|{N}",
    "percent": "{N} as a percentage|What is the {n}?|How high is the {n}?",
    "number": "{N}|What is the {n}?|{N} as a number",
    "person": "Name of the {n}|Who is the {n}?",
    "company": "Name of the {n}|Which company is the {n}?",
    "place": "Address of the {n}|Where is the {n}?",
    "text": "{N}|What is the {n}?|Which {n} is named?",
}
_ASK_ZH = {
    "date": "{n}是哪一天|{n}|何时是{n}",
    "money": "{n}是多少|{n}多少元|{n}的金额",
    "duration": "{n}多长|{n}是多久|{n}有多少时间",
    "percent": "{n}是多少|{n}占多大比例|{n}",
    "number": "{n}是多少|{n}|{n}有多少",
    "person": "{n}是谁|{n}的姓名",
    "company": "{n}是哪家公司|{n}的名称",
    "place": "{n}在哪里|{n}的地址",
    "text": "{n}是什么|{n}|什么是{n}",
}


def particular(chance: Random, language: str, number: int) -> tuple[Fact, Value]:
    """A fact that nobody planned, and its value."""
    kind = chance.choice(
        ("date", "money", "money", "duration", "duration", "percent", "number", "person", "company", "place", "text", "text")
    )  # fmt: skip
    english = _name_en(chance, kind)
    chinese = _name_zh(chance, kind)
    fact = Fact(
        f"particular_{number}",
        kind,
        Wording(
            english.replace(" ", "_").replace("-", "_"),
            _ASK_EN[kind].format(n=english, N=_capital(english)),
            _capital(english),
            _SAYS_EN.format(n=english, N=_capital(english), v="{v}", A="{a}", B="{b}"),
            f"The {english} is {{v}}.",
        ),
        Wording(
            chinese,
            _ASK_ZH[kind].format(n=chinese),
            chinese,
            _SAYS_ZH.format(n=chinese, v="{v}", a="{a}", b="{b}"),
            f"{chinese}为{{v}}。",
        ),
    )
    return fact, _value(chance, language, kind)


def _name_en(chance: Random, kind: str) -> str:
    adjective = chance.choice(_ADJECTIVES_EN)
    noun = chance.choice(_NOUNS_EN[kind].split(","))
    return f"{adjective} {noun}".strip() if kind not in ("person", "text") else noun


def _name_zh(chance: Random, kind: str) -> str:
    adjective = chance.choice(_ADJECTIVES_ZH) if kind not in ("person", "text") else ""
    return adjective + chance.choice(_NOUNS_ZH[kind].split(","))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _value(chance: Random, language: str, kind: str) -> Value:
    zh = language == "zh"
    if kind == "date":
        return values.dated(chance, values.any_date(chance, 2005, 2029), language)
    if kind == "money":
        return values.money(chance, language, 20, chance.choice((900, 90_000, 4_000_000)))
    if kind == "duration":
        unit = chance.choice(("day", "day", "week", "month", "month", "year"))
        return values.duration(
            chance, language, unit, chance.randint(1, 24 if unit != "day" else 200)
        )
    if kind == "percent":
        return values.percent(chance, language, 0.05, chance.choice((5, 95)))
    if kind == "number":
        number = chance.randint(1, chance.choice((12, 300, 200_000)))
        return Value(str(number), str(number), number)
    if kind == "person":
        name = names.person_zh(chance) if zh else names.person(chance)
    elif kind == "company":
        name = names.company_zh(chance) if zh else names.company(chance)
        return Value(name, name if zh else values.plain_name(name))
    elif kind == "place":
        name = names.address_zh(chance) if zh else names.address(chance)
    else:
        name = chance.choice(_TEXTS_ZH if zh else _TEXTS_EN)
    return Value(name, name)
