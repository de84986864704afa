"""What libphonenumber's Python port says of numbers.

places: reads E.164 numbers, one a line; prints for each the description, the
        carrier and the time zones, and at the end nanoseconds for a look-up.
corpus: reads lines of country and text; prints the number that is meant, and
        whether it is valid, its country and its kind.
"""

import sys
import time

import phonenumbers
from phonenumbers import carrier, geocoder, timezone
from phonenumbers.geodata import GEOCODE_DATA, GEOCODE_LONGEST_PREFIX

KINDS = {
    value: name.lower()
    for name, value in vars(phonenumbers.PhoneNumberType).items()
    if isinstance(value, int)
}


def look_up(digits):
    for length in range(GEOCODE_LONGEST_PREFIX, 0, -1):
        names = GEOCODE_DATA.get(digits[:length])
        if names is not None and "en" in names:
            return names["en"]
    return ""


def nanoseconds(work, items):
    begun = time.perf_counter_ns()
    for item in items:
        work(item)
    return (time.perf_counter_ns() - begun) // max(1, len(items))


def view(text):
    number = phonenumbers.parse(text)
    zones = [zone for zone in timezone.time_zones_for_number(number) if zone != "Etc/Unknown"]
    return "\t".join([
        geocoder.description_for_number(number, "en"),
        carrier.name_for_number(number, "en"),
        " ".join(zones),
    ])


def places(lines):
    answers = []
    for text in lines:
        try:
            answers.append(view(text))
        except phonenumbers.NumberParseException:
            answers.append("-")
    print("\n".join(answers))
    digits = [text[1:] for text in lines]
    good = [text for text, answer in zip(lines, answers) if answer != "-"]
    print(phonenumbers.__version__, nanoseconds(look_up, digits), nanoseconds(view, good))


def meant(country, text):
    try:
        number = phonenumbers.parse(text, country)
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        # Longer ones are no E.164 numbers, whatever the port makes of them.
        if len(written) > 16:
            return "-"
        number = phonenumbers.parse(written)
    except phonenumbers.NumberParseException:
        return "-"
    country = phonenumbers.region_code_for_number(number) or "-"
    if len(country) != 2 or not country.isalpha():
        country = "-"
    valid = "valid" if phonenumbers.is_valid_number(number) else "invalid"
    return f"{written} {valid} {country} {KINDS[phonenumbers.number_type(number)]}"


def corpus(lines):
    for line in lines:
        country, text = line.split("\t", 1)
        print(meant(country, text))
    print(phonenumbers.__version__)


sys.stdin.reconfigure(encoding="utf-8", newline="\n")
sys.stdout.reconfigure(encoding="utf-8", newline="\n")
COMMANDS = {"places": places, "corpus": corpus}
COMMANDS[sys.argv[1]](sys.stdin.read().split("\n")[:-1])
