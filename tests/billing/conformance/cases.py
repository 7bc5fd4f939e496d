"""Every behaviour is asked of each of these. A fifth is one file more, and a line here."""

import case_paddle
import case_stripe
import case_wata
import case_yookassa

CASES = {each.case.name: each.case for each in (case_stripe, case_paddle, case_yookassa, case_wata)}
