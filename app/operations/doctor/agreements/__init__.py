"""What holds of everything stored: one list, the same on both databases."""

from app.operations.doctor.agreements import accounts, annotations, corpus, heads, log, review
from app.operations.doctor.agreements.agreement import EXAMPLES, Agreement

AGREEMENTS = (
    *corpus.AGREEMENTS,
    *annotations.AGREEMENTS,
    *review.AGREEMENTS,
    *log.AGREEMENTS,
    *heads.AGREEMENTS,
    *accounts.AGREEMENTS,
)

__all__ = ["AGREEMENTS", "EXAMPLES", "Agreement"]
