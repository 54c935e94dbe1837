"""Consensus decoding: of many possible impressions the one that the others agree with."""
