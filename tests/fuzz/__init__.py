"""Chance against the parts that read what strangers write.

The tests here are properties for Hypothesis: a few examples each in `make quick`, thousands in
`make fuzz`, which sets EXAMPLES. `parse_target` is for atheris, which is led by coverage.
"""
