"""Renders the chart's templates with Go's template engine, by what Helm would hand to it.

The engine ends its process where a template fails, so it has one of its own: this file, run as a program.
"""
import json
import pathlib
import subprocess
import sys

import yaml


class Chart:
    def __init__(self, folder):
        self.folder = folder
        self.about = yaml.safe_load((folder / "Chart.yaml").read_text("utf-8"))
        self.defaults = yaml.safe_load((folder / "values.yaml").read_text("utf-8"))

    def render(self, scratch, **values):
        """All objects of the chart. Of a failure the engine's words are the error."""
        # Helm knows the templates of every file in each; here they are put before it.
        parts = "".join(file.read_text("utf-8") for file in sorted(self.folder.glob("templates/_*.tpl")))
        about = {name[0].upper() + name[1:]: value for name, value in self.about.items()}
        given = {"Values": merged(self.defaults, values), "Chart": about,
                 "Release": {"Name": "video", "Namespace": "media", "Service": "Helm"}}
        files = []
        for file in sorted(self.folder.glob("templates/*.yaml")):
            files.append(pathlib.Path(scratch) / file.name)
            files[-1].write_text(parts + file.read_text("utf-8"), "utf-8")
        engine = subprocess.run([sys.executable, __file__, *files], input=json.dumps(given),
                                capture_output=True, text=True)
        if engine.returncode != 0:
            raise ValueError(engine.stdout + engine.stderr)
        return [found for found in yaml.safe_load_all(engine.stdout) if found]


def merged(defaults, values):
    """The defaults with the values in their places, as Helm merges them."""
    result = dict(defaults)
    for name, value in values.items():
        inner = result.get(name)
        result[name] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


if __name__ == "__main__":
    import go_template

    given = json.load(sys.stdin)
    for name in sys.argv[1:]:
        sys.stdout.write(f"---\n{go_template.render(pathlib.Path(name), given).decode()}\n")
