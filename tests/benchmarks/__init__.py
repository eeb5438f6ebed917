"""Benchmarks: ``python -m tests.benchmarks`` runs what tells a better version from a worse one."""
