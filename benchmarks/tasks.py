"""How plain the rules' paraphrases are: statements kept, reading grade, jargon, length.

    python benchmarks/tasks.py

Needs textstat (pip install 'graphsum[readability]').
"""

from statistics import mean

from graphsum.tasks.measures import jargon_share, reading_grade
from graphsum.tasks.paraphrase import paraphrase
from preprocessing.corpora import load_corpus
from preprocessing.text.sentences import sentence_spans

N_REPORTS = 100


def main() -> None:
    """Print a line for each measure."""
    findings = [report.findings for report in load_corpus("sample").train[:N_REPORTS]]
    answers = [paraphrase(text) for text in findings]
    sentences = sum(len(sentence_spans(text)) for text in findings)
    withheld = sum(len(answer.withheld) for answer in answers)
    pairs = list(zip(findings, answers, strict=True))
    print(f"sentences {sentences}, withheld {withheld}")
    print(f"reading grade of the findings {mean(map(reading_grade, findings)):.1f}")
    print(f"reading grade in plain words {mean(reading_grade(a.text) for a in answers):.1f}")
    print(f"unexplained jargon {mean(jargon_share(a.text) for a in answers):.1%}")
    print(f"length {mean(len(a.text.split()) / len(text.split()) for text, a in pairs):.2f}")


if __name__ == "__main__":
    main()
