"""Writes the public holidays of the world as text, from the PyPI package `holidays`.

Run by `cargo xtask holidays`, which installs the package: python generate.py FIRST_YEAR LAST_YEAR > table.txt
The form is documented in crates/core/src/calendar/public.rs. The same version of the package gives the same bytes.
"""

import sys
import warnings
from collections import defaultdict
from datetime import date

import holidays
from holidays.constants import PUBLIC
from holidays.registry import COUNTRIES

FIRST, LAST = int(sys.argv[1]), int(sys.argv[2])
YEARS = range(FIRST, LAST + 1)
ENGLISH = "en_US"

# The package warns where a country's calendar is known for fewer years; those years then have fewer days.
warnings.simplefilter("ignore")


def days_of(country, subdivision=None):
    """{date: name} of a place. All localized calendars have English; the few others are in one language only."""
    entity = holidays.country_holidays(country)
    language = ENGLISH if ENGLISH in entity.supported_languages else None
    days = holidays.country_holidays(
        country, subdiv=subdivision, years=YEARS, language=language, categories=(PUBLIC,)
    )
    return {day: " ".join(name.split()) for day, name in days.items() if day.year in YEARS}


def dates_as_text(days):
    """`MM-DD` for a day of every year, else the days since 1 January of the first year, then since the last date."""
    days = sorted(days)
    if len(days) == len(YEARS) and len({(day.month, day.day) for day in days}) == 1:
        return days[0].strftime("%m-%d")
    steps = zip([date(FIRST, 1, 1)] + days, days)
    return " ".join(str((after - before).days) for before, after in steps)


def lines_of(days):
    """One line a name, in the order of their first dates."""
    by_name = defaultdict(list)
    for day, name in days.items():
        by_name[name].append(day)
    for name, dates in sorted(by_name.items(), key=lambda item: (min(item[1]), item[0])):
        yield f"{name}\t{dates_as_text(dates)}"


def main():
    places = holidays.utils.list_supported_countries(include_aliases=False)
    table, count = [], 0
    for country in sorted(places):
        whole = days_of(country)
        count += len(whole)
        table += [f"={country}", *lines_of(whole)]
        for subdivision in sorted(places[country]):
            kept = days_of(country, subdivision)
            own = {day: name for day, name in kept.items() if whole.get(day) != name}
            # What the country keeps and the subdivision does not stands there without a name.
            own |= {day: "" for day in whole if day not in kept}
            count += len(own)
            table += [f"/{subdivision}", *lines_of(own)]
    subdivisions = sum(map(len, places.values()))
    print(f"pagerslack-holidays 1 {FIRST} {LAST}")
    print(f"# source: PyPI holidays {holidays.__version__} (MIT)")
    print(f"# {len(places)} countries, {subdivisions} subdivisions, {count} days")
    # What else people call a country, so that a fault can say which code is meant: `# PT: PRT, Portugal`.
    for name, (_, code, *other) in sorted(COUNTRIES.items(), key=lambda item: item[1][1]):
        if code in places:
            words = " ".join(word.capitalize() for word in name.split("_"))
            print(f"# {code}: {', '.join([*other, words])}")
    print("\n".join(table))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    main()
