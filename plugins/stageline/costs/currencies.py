"""The currencies that money may be in: the active codes of ISO 4217."""

from stageline.exceptions import CostError

CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS
    VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905 - a list of codes reads best as text
)


def check_currency(code: str) -> str:
    """Return the code.

    :raises CostError: It is not an active currency of ISO 4217.
    """
    if code not in CURRENCIES:
        begins = code[:3].upper() if isinstance(code, str) else ""
        near = begins if begins in CURRENCIES else None
        raise CostError(
            f"unknown currency {code!r}; "
            + (f"did you mean {near!r}?" if near else "give a code of ISO 4217, e.g. EUR")
        )
    return code
