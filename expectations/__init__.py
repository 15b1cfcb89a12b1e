"""What good data is: suites as code, a runner that stores results, pages to read them.

Belongs here: everything that speaks Great Expectations.
Does not belong here: Dagster, the home's layout, SQL. Importing this package is cheap; Great
Expectations itself is loaded at the first suite or validation.
"""
