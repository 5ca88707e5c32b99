"""The table that the bench prints, and the file for machines."""

import json
import statistics

median = statistics.median


class Results:
    def __init__(self):
        self.rows = []
        self.group = ""

    def heading(self, text):
        self.group = " ".join(text.split())
        print(f"\n{text}", flush=True)

    def note(self, text):
        print(f"  {text}", flush=True)

    def add(self, name, value, unit, at_least=None, at_most=None):
        """One figure; a target is at_least or at_most so much."""
        row = {"group": self.group, "name": name, "value": round(value, 3), "unit": unit}
        line = f"  {name:<52}{digits(value):>10} {unit:<10}"
        if at_least is not None or at_most is not None:
            target = at_most if at_least is None else at_least
            row["target"] = target
            row["met"] = value <= target if at_least is None \
                else value >= target
            line += (f"{'<=' if at_least is None else '>='} {target:<6g} "
                     f"{'met' if row['met'] else 'missed'}")
        self.rows.append(row)
        print(line.rstrip(), flush=True)

    def write(self, path, about):
        with open(path, "w", encoding="ascii") as file:
            json.dump(about | {"results": self.rows}, file, indent=1)
            file.write("\n")

    def summary(self):
        judged = [row for row in self.rows if "met" in row]
        missed = [f"{row['name']} ({row['group']})" for row in judged
                  if not row["met"]]
        print(f"\n{len(judged) - len(missed)} of {len(judged)} targets met"
              + "".join(f"\n  missed: {name}" for name in missed))


def digits(value):
    """Three significant digits, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
