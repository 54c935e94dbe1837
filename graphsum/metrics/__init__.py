"""What is measured on impressions: ROUGE, its strata, its intervals, and the rows to beat.

Nothing here imports torch.
"""
