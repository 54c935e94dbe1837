"""Summaries in a style: the text, its ledger and what it leaves out."""

from collections.abc import Sequence
from dataclasses import replace

from graphsum.impressions.plan import Plan
from graphsum.impressions.summary import Summary, ledger_of, left_out_of
from graphsum.personal.restyling import restyle
from graphsum.personal.style import StyleSpec
from preprocessing.facts.comparison import compare_statements, statements_of


def in_style(
    summaries: Sequence[Summary], plans: Sequence[Plan], styles: Sequence[StyleSpec]
) -> list[Summary]:
    """Each summary with its impression in a style.

    The draft stands, with the flag ``style_not_applied``, where the findings contradict more of the
    new text, or where more of what must be reported would be missed.
    """
    drafts = [one.impression for one in summaries]
    restyled = restyle(drafts, styles)
    before, after = statements_of(drafts), statements_of([one.text for one in restyled])
    result = []
    for summary, new, old_statements, statements, plan in zip(
        summaries, restyled, before, after, plans, strict=True
    ):
        old = compare_statements(old_statements, plan.statements, plan.findings)
        checked = compare_statements(statements, plan.statements, plan.findings)
        worse = len(checked.wrong) > len(old.wrong) or len(checked.missed) > len(old.missed)
        flags = summary.flags
        if summary.impression and (worse or not new.applied):
            flags = (*flags, "style_not_applied")
        if worse or new.text == summary.impression:
            result.append(replace(summary, flags=flags))
            continue
        result.append(
            replace(
                summary,
                impression=new.text,
                ledger=ledger_of(checked),
                left_out=left_out_of(checked),
                flags=flags,
            )
        )
    return result
