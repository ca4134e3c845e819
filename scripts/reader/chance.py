"""Names of people, companies and places that exist only by chance, for contracts of our own."""

from __future__ import annotations

from random import Random

_FIRST = (
    "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard "
    "Susan Joseph Jessica Thomas Sarah Charles Karen Daniel Nancy Matthew Lisa Anthony Betty Mark "
    "Sandra Paul Ashley Steven Emily Andrew Donna Kenneth Michelle George Carol Joshua Amanda Kevin "
    "Melissa Brian Deborah Priya Arjun Wei Mei Hiroshi Yuki Olga Ivan Fatima Omar Chloe Pierre Ingrid "
    "Lars Sofia Diego Lucia Mateo Aisha Kwame Noor Elena"
).split()
_LAST = (
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Wilson "
    "Anderson Thomas Taylor Moore Jackson Martin Lee Thompson White Harris Clark Lewis Robinson Walker "
    "Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera "
    "Campbell Mitchell Carter Roberts Okafor Schneider Weber Rossi Moreau Dubois Larsen Novak Kowalski "
    "Petrov Tanaka Suzuki Chen Wang Zhang Patel Singh Rahman Haddad Mbeki O'Brien MacLeod van Dijk"
).split(" ")
_ROOTS = (
    "Alder Apex Arbor Argent Atlas Aurora Beacon Birch Blue Bright Cascade Cedar Clear Cobalt Copper "
    "Crest Delta Dune Eagle East Ember Falcon Fern Flint Forge Frontier Garnet Glacier Golden Granite "
    "Green Grove Harbor Haven Hazel Heron High Horizon Iron Ivory Jade Juniper Keystone Lake Lark "
    "Laurel Liberty Lumen Maple Marble Meridian Mesa Mill Nord North Nova Oak Ocean Olive Onyx Orchard "
    "Orion Osprey Pacific Peak Pearl Pine Pioneer Polar Prairie Quantum Quarry Raven Red Ridge River "
    "Rowan Sable Sage Silver Solar Sparrow Spruce Sterling Stone Summit Terra Timber Trident Union "
    "Valley Vector Verdant Vertex Vista West Willow Zenith Zephyr"
).split()
_ENDS = (
    "bridge field ford gate land light mark point port stone ware way wood works wave line".split()
)
_TRADES = (
    "Analytics,Biosciences,Capital,Capital Partners,Chemicals,Components,Construction,Consulting,"
    "Data Systems,Design,Devices,Diagnostics,Electronics,Energy,Engineering,Equipment,Farms,Financial,"
    "Foods,Freight,Furniture,Gaming,Health,Healthcare Services,Holdings,Hospitality,Imaging,Industries,"
    "Insurance Services,Interactive,Laboratories,Logistics,Machinery,Manufacturing,Marine,Materials,"
    "Media,Medical,Metals,Mining,Motors,Networks,Oil & Gas,Optics,Packaging,Paper,Partners,Petroleum,"
    "Pharma,Pharmaceuticals,Plastics,Power,Press,Properties,Real Estate,Research,Resources,Restaurants,"
    "Retail,Robotics,Security,Semiconductor,Shipping,Software,Solutions,Sports,Staffing,Steel,Storage,"
    "Supply,Systems,Technologies,Telecom,Textiles,Therapeutics,Tools,Toys,Trading,Transport,Travel,"
    "Ventures,Water,Wines"
).split(",")
_SUFFIXES = (
    *(", Inc.", ", Inc.", " Inc.", ", INC.", ", Incorporated"),
    *(", LLC", ", LLC", " LLC", ", L.L.C.", ", L.P.", " LP"),
    *(" Corporation", " Corp.", ", Corp.", " Company", " Co.", ", Ltd.", " Ltd.", " Limited"),
    *(" Co., Ltd.", " PLC", " GmbH", " N.V.", " S.A.", " AG", " Pty. Ltd.", " Group", ""),
)
_EXTRAS = (
    *(
        "Holdings",
        "Group",
        "International",
        "Acquisition",
        "America",
        "USA",
        "Management",
        "Global",
    ),
    *(
        "Services",
        "Worldwide",
        "II",
        "Partners",
        "Merger Sub",
        "Investments",
        "(Holdings)",
        "Bancorp",
    ),
)
_WIDE = ("America", "the Americas", "North America", "Europe", "Asia", "the West", "the Carolinas")
_SYLLABLES = (
    "ab acu bel bio cor cy dex dia e en fi ga hex in ka lex lo mag mo nex no om opt per po qui ra "
    "re sa sil syn ta tel tri u va ven vi xy yo zan zo"
).split()
_STREETS = (
    "Main Oak Park Market Elm Washington Lake Hill Mill Church High King Station Harbor".split()
)
_ROADS = ("Street", "Avenue", "Road", "Drive", "Lane", "Boulevard", "Way", "Plaza")

STATES = (
    "Alabama,Alaska,Arizona,Arkansas,California,Colorado,Connecticut,Delaware,Florida,Georgia,Hawaii,"
    "Idaho,Illinois,Indiana,Iowa,Kansas,Kentucky,Louisiana,Maine,Maryland,Massachusetts,Michigan,"
    "Minnesota,Mississippi,Missouri,Montana,Nebraska,Nevada,New Hampshire,New Jersey,New Mexico,"
    "New York,North Carolina,North Dakota,Ohio,Oklahoma,Oregon,Pennsylvania,Rhode Island,"
    "South Carolina,South Dakota,Tennessee,Texas,Utah,Vermont,Virginia,Washington,West Virginia,"
    "Wisconsin,Wyoming"
).split(",")
COUNTRIES = (
    "England and Wales,England,Scotland,Ireland,Canada,Ontario,British Columbia,France,Germany,"
    "Switzerland,Singapore,Hong Kong,India,Japan,Australia,New South Wales,Victoria,Brazil,Spain,"
    "the Netherlands,Sweden,Norway,South Africa,Israel,Kenya,New Zealand"
).split(",")
CITIES = (
    "Boston,Chicago,Denver,Dallas,Houston,Miami,Atlanta,Seattle,Portland,Phoenix,Austin,Detroit,"
    "Cleveland,Columbus,Nashville,Memphis,Omaha,Tulsa,Raleigh,Richmond,Albany,Buffalo,Newark,Trenton,"
    "London,Manchester,Leeds,Dublin,Toronto,Vancouver,Sydney,Melbourne,Singapore,Geneva,Zurich,Munich"
).split(",")

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严欧阳莫孔向常"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰梅建国志文斌浩宇轩然子涵雨欣怡佳思琪梓晨俊熙博雅晓东海峰云飞红霞春燕鹏辉婷雪琳凯旭阳慧颖嘉豪一诺泽楠"
CITIES_ZH = (
    "北京,上海,天津,重庆,广州,深圳,杭州,南京,苏州,武汉,成都,西安,长沙,郑州,青岛,大连,厦门,福州,宁波,无锡,合肥,"
    "济南,沈阳,哈尔滨,长春,昆明,贵阳,南宁,海口,兰州,石家庄,太原,南昌,佛山,东莞,珠海,温州,嘉兴,绍兴,常州,南通,扬州,烟台"
).split(",")
DISTRICTS_ZH = "朝阳,海淀,浦东新,徐汇,静安,天河,南山,福田,西湖,滨江,鼓楼,玄武,江宁,武侯,高新,雁塔,岳麓,市南,思明,鄞州".split(
    ","
)
_BRANDS_ZH = "华中国盛恒瑞信达通远宏泰安康新创智云联合众和美佳嘉丰金银海天星辰光明诚德正大东方南北西山河江湖博文科尚品优越卓鼎力凯旋腾飞龙翔凤鸣景润泽源益民惠普同济永兴隆昌茂荣富贵祥瑞福禄"
_TRADES_ZH = (
    "科技,信息技术,网络科技,电子,软件,贸易,实业,建筑工程,装饰工程,物流,食品,餐饮管理,医疗器械,生物医药,化工,"
    "机械设备,汽车销售,房地产开发,物业管理,文化传媒,广告,教育咨询,人力资源,投资管理,环保,新能源,农业发展,纺织,家具,"
    "包装,旅游,酒店管理,咨询,供应链管理,数据服务,智能制造,光电,材料,印刷,服饰"
).split(",")
_FORMS_ZH = (
    "有限公司,有限公司,有限公司,股份有限公司,有限责任公司,集团有限公司,（集团）有限公司".split(",")
)
_ROADS_ZH = "中山,人民,解放,建设,和平,长江,黄河,文化,科技,创业,滨海,迎宾,学院,新华,光明,朝阳,延安,淮海".split(
    ","
)


def person(chance: Random) -> str:
    """An English-looking name."""
    middle = f" {chance.choice('ABCDEFGHJKLMNPRSTW')}." if chance.random() < 0.4 else ""
    return f"{chance.choice(_FIRST)}{middle} {chance.choice(_LAST)}"


def company(chance: Random) -> str:
    """An English company name as a contract writes it, with its suffix."""
    root = chance.choice(_ROOTS)
    form = chance.random()
    if form < 0.28:
        name = f"{root}{chance.choice(_ENDS)} {chance.choice(_TRADES)}"
    elif form < 0.38:
        name = f"{chance.choice(_LAST)} {chance.choice(_TRADES)}"
    elif form < 0.46:
        place = chance.choice((*CITIES, *STATES, *_WIDE))
        name = f"{chance.choice((f'{root} of {place}', f'{place} {chance.choice(_TRADES)}', f'Bank of {place}'))}"
    elif form < 0.54:
        name = (
            f"{_coined(chance)} {chance.choice(_TRADES)}"
            if chance.random() < 0.6
            else _coined(chance)
        )
    elif form < 0.7:
        name = f"{root} {chance.choice(_ROOTS)} {chance.choice(_TRADES)}"
    elif form < 0.77:
        name = f"{chance.choice(_LAST)} {chance.choice(('&', '&', 'and'))} {chance.choice(_LAST)}"
        if chance.random() < 0.3:
            name += f" {chance.choice(_TRADES)}"
    elif form < 0.85:
        letters = "".join(chance.choice("ABCDEFGHJKLMNPRSTVWXZ") for _ in range(3))
        name = f"{letters} {chance.choice(_TRADES)}"
    else:
        name = f"{root}{chance.choice(_ENDS)}"
    if chance.random() < 0.2:
        name += f" {chance.choice(_EXTRAS)}"
    if chance.random() < 0.06:
        name = f"The {name}"
    name += chance.choice(_SUFFIXES)
    return name.upper() if chance.random() < 0.2 else name


def _coined(chance: Random) -> str:
    """A word that no dictionary has, as brands are."""
    middle = "".join(chance.choice(_SYLLABLES) for _ in range(chance.choice((1, 1, 2))))
    name = f"{chance.choice(_SYLLABLES)}{middle}{chance.choice(('', '', 'x', 'n', 'tech', 'soft', 'gen', 'ia', 'us'))}"
    return chance.choice(
        (name.capitalize(), name.capitalize(), name.upper(), f"e{name.capitalize()}")
    )


def address(chance: Random) -> str:
    """An English street address."""
    return (
        f"{chance.randint(1, 9900)} {chance.choice(_STREETS)} {chance.choice(_ROADS)}, "
        f"{chance.choice(CITIES)}"
    )


def person_zh(chance: Random) -> str:
    """A Chinese name."""
    return chance.choice(_SURNAMES) + "".join(
        chance.choice(_GIVEN) for _ in range(chance.choice((1, 2, 2)))
    )


def company_zh(chance: Random) -> str:
    """A Chinese company name."""
    brand = "".join(chance.sample(_BRANDS_ZH, chance.choice((2, 2, 3))))
    place = chance.choice(CITIES_ZH)
    form = chance.choice(_FORMS_ZH)
    trade = chance.choice(_TRADES_ZH)
    if chance.random() < 0.2:
        return f"{brand}{trade}（{place}）{form.replace('（集团）', '')}"
    return f"{place}{'市' if chance.random() < 0.4 else ''}{brand}{trade}{form}"


def address_zh(chance: Random) -> str:
    """A Chinese street address."""
    place = f"{chance.choice(CITIES_ZH)}市{chance.choice(DISTRICTS_ZH)}区"
    room = (
        f"{chance.randint(1, 30)}层{chance.randint(101, 2999)}室" if chance.random() < 0.5 else ""
    )
    return f"{place}{chance.choice(_ROADS_ZH)}路{chance.randint(1, 999)}号{room}"
