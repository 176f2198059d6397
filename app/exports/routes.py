"""Projects out, in any format."""

from fastapi import APIRouter

router = APIRouter()
