"""What makes the spans of exactly_once/tracing.py go somewhere, and those of requests, tasks and statements.

All of it is installed only where an OpenTelemetry endpoint is set. Why not the ready-made instrumentation:
docs/adr/0014-spans-of-our-own.md.
"""
