# SPDX-License-Identifier: GPL-2.0-only
"""What every scenario needs: processes, the tracer, Jaeger, load, spans and the truth about them."""
