"""Words for an earlier day, on which something was not there."""

# An earlier day, which "not there" may be said of: "in March", "on Monday", "then".
EARLIER_DAY = (
    r"(?:(?:in|on|at|during|until) (?:the )?(?:early |late |mid-? ?)?(?:january|february"
    r"|march|april"
    r"|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?"
    r"|oct|nov|dec|(?:mon|tues|wednes|thurs|fri|satur|sun)day|spring|summer|autumn|winter|(?:19|20)"
    r"\d\d|\d{1,2}[./]\d|that (?:film|study|scan|exam\w*|occasion|time)"
    r"|the (?:first|old) (?:film|study|scan))|(?:back )?then|before)\b"
)
