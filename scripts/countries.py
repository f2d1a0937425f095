"""Spellings of countries beside those of GeoNames: OECD, World Bank, United Nations, common use."""

from __future__ import annotations

SPELLINGS = {
    "BES": ("Bonaire, Sint Eustatius and Saba",),
    "BHS": ("Bahamas, The",),
    "BOL": ("Bolivia (Plurinational State of)", "Bolivia, Plurinational State of"),
    "BRN": ("Brunei Darussalam",),
    "CHN": ("China, People's Republic of", "People's Republic of China", "China (People's Rep.)")
    + ("China, mainland", "Mainland China"),
    "CIV": ("Cote d'Ivoire",),
    "COD": ("Congo, Dem. Rep.", "Congo, Democratic Republic of the", "Dem. Rep. of the Congo")
    + ("DR Congo", "Zaire", "Congo, The Democratic Republic of the"),
    "COG": ("Congo", "Congo, Rep.", "Congo, Republic of the", "Congo, Republic of"),
    "CPV": ("Cape Verde",),
    "CZE": ("Czech Republic",),
    "EGY": ("Egypt, Arab Rep.", "Egypt, Arab Republic of"),
    "ESH": ("Sahrawi Arab Democratic Republic",),
    "EU27": ("European Union", "European Union (27)", "EU-27", "EU27_2020"),
    "FLK": ("Falkland Islands (Malvinas)",),
    "FRO": ("Faeroe Islands",),
    "FSM": ("Micronesia, Fed. Sts.", "Micronesia (Federated States of)")
    + ("Micronesia, Federated States of", "Federated States of Micronesia"),
    "GBR": ("Great Britain", "UK", "United Kingdom of Great Britain and Northern Ireland"),
    "GMB": ("Gambia, The",),
    "HKG": ("Hong Kong, China", "Hong Kong SAR, China", "China, Hong Kong SAR", "Hong Kong SAR")
    + ("China, Hong Kong Special Administrative Region",),
    "IRN": ("Iran, Islamic Rep.", "Iran (Islamic Republic of)", "Iran, Islamic Republic of"),
    "KGZ": ("Kyrgyz Republic",),
    "KNA": ("St. Kitts and Nevis",),
    "KOR": ("Korea", "Korea, Rep.", "Korea, Republic of", "Republic of Korea", "Rep. of Korea"),
    "LAO": ("Lao PDR", "Lao People's Democratic Republic", "Lao People's Dem. Rep.", "Lao"),
    "LBY": ("Libyan Arab Jamahiriya",),
    "MAC": ("Macau", "Macao SAR, China", "China, Macao SAR", "Macao, China"),
    "MAF": ("Saint Martin (French part)", "St. Martin (French part)"),
    "MDA": ("Moldova, Republic of", "Republic of Moldova"),
    "MKD": ("Macedonia", "Macedonia, FYR", "The former Yugoslav Republic of Macedonia"),
    "MMR": ("Burma",),
    "NLD": ("Netherlands", "Netherlands (Kingdom of the)"),
    "PRK": ("Korea, Dem. People's Rep.", "Dem. People's Rep. of Korea")
    + ("Korea, Democratic People's Republic of", "Democratic People's Republic of Korea"),
    "PSE": ("Palestine", "State of Palestine", "West Bank and Gaza")
    + ("Palestine, State of", "Occupied Palestinian Territory"),
    "ROW": ("Rest of the World", "Rest of World"),
    "RUS": ("Russian Federation",),
    "SHN": ("Saint Helena, Ascension and Tristan da Cunha",),
    "SVK": ("Slovak Republic",),
    "SWZ": ("Swaziland",),
    "SXM": ("Sint Maarten (Dutch part)",),
    "SYR": ("Syrian Arab Republic",),
    "TLS": ("East Timor",),
    "TUR": ("Turkiye", "T\u00fcrkiye"),
    "TWN": ("Chinese Taipei", "Taiwan, China", "Taiwan, Province of China"),
    "TZA": ("Tanzania, United Republic of", "United Republic of Tanzania"),
    "USA": ("United States of America", "US", "U.S.", "U.S.A."),
    "VAT": ("Holy See",),
    "VEN": ("Venezuela, RB", "Venezuela (Bolivarian Republic of)")
    + ("Venezuela, Bolivarian Republic of",),
    "VGB": ("Virgin Islands, British",),
    "VIR": ("Virgin Islands, U.S.", "Virgin Islands (U.S.)", "United States Virgin Islands"),
    "VNM": ("Viet Nam",),
    "YEM": ("Yemen, Rep.", "Yemen, Republic of"),
}
