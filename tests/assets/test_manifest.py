"""The manifest: what it may say, and that everything wrong with it is said at once."""

from __future__ import annotations

import datetime
import json
import math
import tomllib
from collections.abc import Callable

import jsonschema  # type: ignore[import-untyped]
import pytest

from layeranim import catalog, preparing
from layeranim.assets.entries import Entry
from layeranim.assets.finding import find
from layeranim.assets.manifest import read
from layeranim.assets.plan import load
from layeranim.assets.schema import schema
from layeranim.assets.validity import findings
from layeranim.errors import LayeranimError, ManifestError
from layeranim.stories.options import FilmOptions
from tests.assets.conftest import ROOT, Done, Project

CONV = '[[asset]]\nid = "conv"\nexplainer = "conv"\n'


def problems(project: Project) -> list[str]:
    """Everything that is wrong with the manifest, one line each; none if it is right."""
    try:
        load(project.manifest)
    except ManifestError as error:
        return str(error).splitlines()
    return []


def entries(project: Project) -> tuple[Entry, ...]:
    manifest, wrong = read(project.manifest)
    assert wrong == []
    return manifest.entries


def names(project: Project) -> list[str]:
    return [entry.name for entry in entries(project)]


def test_themes_and_matrix_make_names(project: Project) -> None:
    project.write(CONV + 'matrix = { stride = [1, 2], bias = [true, false], kernel-size = ["3x3"] }\n')
    assert names(project)[:2] == ["conv-stride1-bias-kernel-size3x3", "conv-stride1-no-bias-kernel-size3x3"]
    assert len(names(project)) == 4
    project.write(CONV + 'themes = ["light", "dark"]\n')
    assert names(project) == ["conv-light", "conv-dark"]
    project.write(CONV + 'themes = ["dark"]\n')
    assert [(e.name, e.theme) for e in entries(project)] == [("conv", "dark")]


def test_an_asset_goes_before_the_defaults_whatever_the_spelling(project: Project) -> None:
    project.write(CONV + 'max_size = "2MB"\n', 'version = 1\n[defaults]\nmax-size = "1MB"\nseed = 3\n')
    (entry,) = entries(project)
    assert entry.options == {"max_size": "2MB", "seed": 3}
    assert entry.formats == ("gif", "mp4")


def test_arrays_come_from_files_beside_the_manifest(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "data").mkdir()
    (project.folder / "data" / "x.csv").write_text("1,2,3\n4,5,6\n7,8,9\n")
    project.write(CONV + 'input = "data/x.csv"\nkernel = [[1, 0], [0, 1]]\nbias = true\nbias-values = [2]\n')
    monkeypatch.chdir("/")
    _, (plan,) = load(project.manifest)
    assert plan.work.trace()["output"].tolist() == [[[[8.0, 10.0], [14.0, 16.0]]]]


def test_everything_wrong_is_said_at_once_with_its_place(project: Project) -> None:
    project.write(
        '[[asset]]\nid = "one"\nexplainer = "conv"\nstrid = 2\nkernel_size = 0\ndilation = "two"\n'
        '[[asset]]\nid = "two"\nexplainer = "con"\n'
        '[[asset]]\nexplainer = "pool"\nformats = ["giff"]\n'
        '[[asset]]\nid = "four"\nexplainer = "conv"\ninput = "nowhere.npy"\n'
        '[[asset]]\nid = "five"\nexplainer = "conv"\ninput = "-"\ntheme = "dark"\nalt = ""\n'
        '[[asset]]\nid = "six"\nexplainer = "conv"\nstride = 1\nmatrix = { stride = [1, -2], xx = [1], padding = []}\n',
        'version = 2\noutputt = "x"\n[defaults]\nqualiti = "web"\nfps = 0\n',
    )
    lines = problems(project)
    expected = [
        ("layeranim.toml: ", "version is 2", "reads version 1"),
        ("layeranim.toml: ", "unknown key outputt (did you mean output?)"),
        ("layeranim.toml: defaults: ", "unknown option qualiti (did you mean quality?)"),
        ("layeranim.toml: defaults: ", "fps is 0", "from 1 to 100"),
        ("layeranim.toml:6: asset one: ", "unknown option strid (did you mean stride?)"),
        ("layeranim.toml:6: asset one: ", "kernel_size is 0", "at least 1"),
        ("layeranim.toml:6: asset one: ", "dilation is 'two'"),
        ("layeranim.toml:12: asset two: ", "unknown explainer 'con' (did you mean conv?)"),
        ("layeranim.toml:15: asset number 3: ", "id is missing"),
        ("layeranim.toml:15: asset number 3: ", "'giff' is unknown (did you mean gif?)"),
        ("layeranim.toml:18: asset four: ", "nowhere.npy", "no such file"),
        ("layeranim.toml:22: asset five: ", "input is '-'", "name a file"),
        ("layeranim.toml:22: asset five: ", "a manifest has themes"),
        ("layeranim.toml:22: asset five: ", "alt is ''"),
        ("layeranim.toml:28: asset six: ", "matrix: unknown option xx"),
        ("layeranim.toml:28: asset six: ", "matrix: padding is empty, but must hold something"),
    ]
    for start, *pieces in expected:
        assert [x for x in lines if x.startswith(start) and all(p in x for p in pieces)], (start, pieces, lines)
    assert len(lines) == len(expected), lines


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/x",
        "a/../../x",
        "C:\\x",
        "",
        "a\0b",
        "x" * 300,
        "é" * 51,
        ".x",
        "x.",
        "-x",
        "a b",
        "a%db",
        "a\nb",
        "ｅ́x/",
    ],
)
def test_a_name_that_could_leave_the_folder_is_refused(project: Project, name: str) -> None:
    project.write(f'[[asset]]\nid = {json.dumps(name)}\nexplainer = "conv"\n')
    (line,) = problems(project)
    assert "id is " in line
    assert line.isprintable()


@pytest.mark.parametrize(("one", "other"), [("a", "A"), ("straße", "STRASSE"), ("Å", "Å"), ("x.av1", "x")])
def test_names_that_some_file_system_takes_for_one_are_refused(project: Project, one: str, other: str) -> None:
    both = [f'[[asset]]\nid = "{name}"\nexplainer = "conv"\nformats = ["webm", "av1"]\n' for name in (one, other)]
    project.write("".join(both))
    assert any("give it another id" in line for line in problems(project))
    project.write(both[0])
    assert problems(project) == []


def test_decomposed_letters_are_refused(project: Project) -> None:
    project.write('[[asset]]\nid = "cafe\\u0301"\nexplainer = "conv"\n')
    (line,) = problems(project)
    assert "composed letters" in line


@pytest.mark.parametrize("root", ["../x", "/x", "a/../../x", "C:\\x", "C:x", "", "a\\u0000b", "..\\\\x"])
def test_films_stay_below_the_manifest(project: Project, root: str) -> None:
    escaped = root if "\\u" in root or "\\\\" in root else root.replace("\\", "\\\\")
    project.write(CONV, f'version = 1\noutput = "{escaped}"\n')
    (line,) = problems(project)
    assert "output is " in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = ", "is not TOML"),
        ("version = 1\nx = " + "[" * 5000, "is not TOML"),
        ("version = 1\nasset = 3\n", "asset is 3, but must be a list; add [[asset]]"),
        ("version = 1\n", "asset is missing; add [[asset]]"),
        ("version = 1\nasset = []\n", "asset is empty, but must hold something; add [[asset]]"),
        ("version = 1\n[[asset]]\nid = 'a'\nexplainer = ['conv']\n", "explainer is conv, but must be text"),
        ("version = 1\nx = [{ y = 0x" + "f" * 5000 + " }]\n", "a whole number of y takes more than 64 bits"),
        ("version = 1\n" + CONV + "stride = 9223372036854775807\n", "stride is 9223372036854775807, but must be"),
        ("version = 1\n" + CONV + "stride = 9223372036854775808\n", "a whole number of stride takes more than 64"),
        ("version = 1\nasset = [3]\n", "asset number 1: the asset is 3, but must be a table"),
        ("version = true\n" + CONV, "version is True, but this layeranim reads version 1"),
        ("version = 1\n" + CONV + "seed = '3'\n", "seed is '3', but must be a whole number"),
        ("version = 1\n" + CONV + "matrix = { stride = 2 }\n", "matrix"),
        ("version = 1\n" + CONV + "matrix = { strid = [2] }\n", "matrix: unknown option strid (did you mean stride?)"),
        ("version = 1\n" + CONV + "id = 3\n".replace("id", "alt"), "alt is 3, but must be text"),
        ("version = 1\nformats = [1, 'gif']\n" + CONV, "formats: 1 is unknown"),
        ("version = 1\ndefaults = 3\n" + CONV, "defaults is 3, but must be a table"),
        ("version = 1\noutput = 3\n" + CONV, "output is 3, but must be text"),
        ("version = 1\n#" + "x" * 1_000_000, "larger than 1,000,000 bytes"),
        ("version = 1\nthemes = 'light'\n" + CONV, "themes is 'light'"),
        ("version = 1\n" + CONV + f"matrix = {{ stride = [{','.join('1' * 300)}] }}\n", "at most 200"),
        ("version = 1\n" + CONV + "formats = ['png-sequence']\n", "layeranim render makes it"),
        ("version = 1\n" + CONV + "stride = 1\nmatrix = { stride = [2] }\n", "stride stands twice"),
        ("version = 1\n" + CONV + "kernel-size = 3\nkernel_size = 3\n", "stands twice, under two spellings"),
        ("version = 1\n" + CONV + "matrix = { input = ['1 2; 3 4'] }\n", "write the cases as assets of their own"),
        ("version = 1\n" + CONV + "size = '641x361'\nformats = ['mp4']\n", "mp4 needs even sides"),
        ("version = 1\n" + CONV + "input = '1 2; 3 4'\nkernel = '1 2 3; 4 5 6; 7 8 9'\n", "kernel"),
    ],
)  # fmt: skip
def test_what_else_is_refused(project: Project, text: str, said: str) -> None:
    project.manifest.write_text(text)
    lines = problems(project)
    assert any(said in line for line in lines), lines
    assert all(line.isprintable() for line in lines)


def test_a_manifest_in_another_encoding_is_refused(project: Project) -> None:
    project.manifest.write_bytes(b"version = 1\n# \xff\n")
    assert problems(project) == ["layeranim.toml is not UTF-8: byte 15 is in no letter; save it again"]


def test_a_matrix_that_is_too_large_is_one_problem(project: Project) -> None:
    project.write(CONV + f"matrix = {{ stride = {[f'x{n}' for n in range(500)]} }}\n")
    (line,) = problems(project)
    assert "matrix makes 500 films, but at most 200" in line


def test_a_byte_order_mark_is_no_letter(project: Project) -> None:
    project.manifest.write_bytes(b"\xef\xbb\xbfversion = 1\r\n" + CONV.replace("\n", "\r\n").encode())
    assert names(project) == ["conv"]


@pytest.mark.parametrize("verb", ["validate", "check --manifest", "build --manifest", "why conv --manifest"])
def test_a_manifest_that_links_to_itself_is_refused(project: Project, call: Callable[..., Done], verb: str) -> None:
    project.manifest.symlink_to(project.manifest)
    done = call(*verb.split(), str(project.manifest))
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert "cannot be read: Too many levels of symbolic links" in done.err


@pytest.mark.parametrize("verb", ["validate", "check", "build", "why conv"])
def test_a_folder_that_is_gone_is_told(project: Project, call: Callable[..., Done], verb: str) -> None:
    project.folder.rmdir()
    done = call(*verb.split())
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert "the folder that this runs in is gone" in done.err


@pytest.mark.parametrize("words", [["--shard", "1/" + "9" * 5000], ["--shard", ""], ["--jobs", "0000000256"]])
def test_parts_and_jobs_have_bounds(project: Project, call: Callable[..., Done], words: list[str]) -> None:
    done = call("build", *words, "--manifest", str(project.write(CONV).manifest))
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert f"{words[0][2:]} is '{words[1][:10]}" in done.err


def test_the_nearest_manifest_is_found(project: Project) -> None:
    deep = project.folder / "a" / "b"
    deep.mkdir(parents=True)
    project.write(CONV)
    assert find(deep) == project.manifest
    (project.folder / "a" / "pyproject.toml").write_text("[tool.other]\n")
    assert find(deep) == project.manifest
    nearer = project.folder / "a" / "pyproject.toml"
    nearer.write_text('[tool.layeranim]\nversion = 1\n[[tool.layeranim.asset]]\nid = "x"\nexplainer = "conv"\n')
    assert find(deep) == nearer
    manifest, (plan,) = load(nearer)
    assert (plan.name, manifest.lock, manifest.root) == (
        "x", project.folder / "a" / "layeranim.lock", project.folder / "a" / "renders",
    )  # fmt: skip


def test_ids_mean_assets_or_films(project: Project, call: Callable[..., Done]) -> None:
    project.write(CONV + 'themes = ["light", "dark"]\n')
    assert [p.name for p in load(project.manifest, ("conv",))[1]] == ["conv-light", "conv-dark"]
    assert [p.name for p in load(project.manifest, ("conv-dark",))[1]] == ["conv-dark"]
    done = call("check", "conv-drak")
    assert (done.code, done.out) == (2, "")
    assert "has no asset 'conv-drak' (did you mean conv-dark?)" in done.err


def test_validate(project: Project, call: Callable[..., Done]) -> None:
    done = call("validate")
    assert (done.code, done.out) == (2, "")
    assert "there is no layeranim.toml here or above" in done.err
    project.write(CONV)
    assert call("validate").out == call("validate", "layeranim.toml").out == "layeranim.toml: 1 film, nothing wrong\n"
    project.write(CONV + "stide = 2\nstride = 0\n")
    done = call("validate")
    assert (done.code, done.out, done.err.count("layeranim: error: ")) == (2, "", 2)
    project.write(
        CONV.replace("conv", "other", 1) + 'steps = "5-9"\ninput = "1 2; 3 4"\nkernel = "1 2; 3 4"\n', "version = 1\n"
    )
    assert "there is only 1 step" in call("validate").err


def test_hostile_text_stays_text(project: Project, call: Callable[..., Done]) -> None:
    hostile = "<b>&`\\u001b[2J$(touch x)\\u202e"
    project.write(f'[[asset]]\nid = "{hostile[:3]}"\n"{hostile}" = 1\nexplainer = "{hostile}"\n')
    done = call("validate")
    assert done.code == 2
    assert all(line.isprintable() for line in done.err.splitlines())
    project.write(CONV + f'title = "{hostile}"\nalt = "{hostile}"\n')
    assert problems(project) == []
    assert sorted(p.name for p in project.folder.iterdir()) == ["layeranim.toml"]


def test_the_schema_knows_every_option_of_every_explainer() -> None:
    branches = {b["if"]["properties"]["explainer"]["const"]: b["then"]["properties"] for b in
                schema()["properties"]["asset"]["items"]["allOf"]}  # fmt: skip
    assert list(branches) == list(catalog.explainers())
    for name, properties in branches.items():
        layer = catalog.layer(name)
        for option in layer.config.options():
            for spelling in (option.name, option.name.replace("_", "-"), *option.aliases):
                assert spelling in properties, (name, spelling)
                assert option.help == properties[spelling]["description"]
        for spec in layer.arrays:
            assert spec.name in properties
    assert branches["conv"]["padding_mode"]["enum"][0] == "zeros"
    assert branches["conv"]["stride"] is not None
    assert branches["conv"]["matrix"]["properties"]["stride"]["type"] == "array"
    assert "theme" not in branches["conv"]


def test_what_is_right_is_right_by_the_whole_schema() -> None:
    told = (ROOT / "docs" / "assets.md").read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    rules = schema()
    jsonschema.Draft202012Validator.check_schema(rules)
    validator = jsonschema.Draft202012Validator(rules)
    for manifest in ((ROOT / "layeranim.toml").read_text(encoding="utf-8"), told):
        data = tomllib.loads(manifest)
        assert [error.message for error in validator.iter_errors(data)] == []
        data["asset"][0]["strid"] = 1
        assert len(list(validator.iter_errors(data))) == 1


@pytest.mark.grid(6)
@pytest.mark.parametrize("name", catalog.explainers())
def test_another_validator_finds_the_same(name: str) -> None:
    """Every key that an asset may have, and one that it may not, with every kind of value of TOML."""
    rules = schema([name])
    other, count = jsonschema.Draft202012Validator(rules), 0
    keys = list(rules["properties"]["asset"]["items"]["allOf"][0]["then"]["properties"])
    for value in (one for one in TOML_VALUES if not isinstance(one, float) or math.isfinite(one)):
        matrix = {key: value if number % 2 else [value] for number, key in enumerate(keys)}
        asset = {**dict.fromkeys([*keys, "strid"], value), "explainer": name}
        manifests = [
            {"version": value, "asset": [asset, {"explainer": name, "matrix": matrix}], "defaults": asset},
            {"version": 1, "asset": [value], "formats": value, "themes": [value], "output": value},
            {"asset": value, "defaults": value, "x": value},
        ]
        for data in manifests:
            mine = {(one.path, one.rule) for one in findings(data, rules)}
            theirs = {(tuple(one.absolute_path), one.validator) for one in other.iter_errors(data)}
            assert mine == theirs, value
            count += len(mine)
    assert count > 1000


def test_lists_without_end_are_no_matter_of_the_schema(project: Project) -> None:
    for key in ("input", "stride", "nothing", "matrix"):
        project.write(CONV + f"{key} = {'[' * 300}{']' * 300}\n")
        (line,) = {line for line in problems(project) if key in line}
        assert line.isprintable()
        assert len(line) < 300


def test_the_manifest_of_the_docs_is_right(project: Project, call: Callable[..., Done]) -> None:
    text = (ROOT / "docs" / "assets.md").read_text(encoding="utf-8")
    project.write(text.split("```toml\n")[1].split("```")[0], "")
    done = call("validate")
    assert (done.code, done.out) == (0, "layeranim.toml: 6 films, nothing wrong\n"), done


def test_an_asset_in_the_fields_words(project: Project) -> None:
    words = "explainer = 'MaxPool2d'\npool_size = 2\npadding_mode = 0\n"
    project.write("[[asset]]\nid = 'a'\n" + words.replace("padding_mode", "pads"))
    assert problems(project) == []
    ours, _ = read(project.manifest)
    assert ours.entries[0].explainer == "pool"
    assert {"mode": "max", "kernel_size": 2, "padding": 0}.items() <= ours.entries[0].options.items()
    project.write(
        CONV + "use-bias = true\nactivation = 'swish'\nmatrix = { strides = [1, 2], padding_mode = ['edge'] }\n"
    )
    assert problems(project) == []
    project.write(CONV + "duration = 3\n")
    assert "a film takes as long as its words are read" in problems(project)[0]
    project.write(CONV + "use_bias = true\nbias = false\n")
    assert any("use_bias" in line for line in problems(project))
    project.write("[[asset]]\nid = 'a'\nexplainer = 'MaxPool2d'\nmode = 'mean'\n")
    assert "unknown explainer 'MaxPool2d'" in problems(project)[0]


def test_an_option_or_an_array_by_one_name(project: Project) -> None:
    for value in ("true", "[2]", "[nan]", "2", "nan"):  # one number is one for all
        project.write(CONV + f"bias = {value}\n")
        assert problems(project) == [], value


def test_numbers_with_a_decimal_comma(project: Project) -> None:
    project.write(CONV + 'input = "1,5 2; 3 4"\nkernel = "1;"\n')
    assert len(problems(project)) == 1
    project.write(CONV + 'input = "1,5 2; 3 4"\nkernel = "1;"\ndecimal = ","\nmax-memory = "1MB"\n')
    assert problems(project) == []
    project.write(CONV + 'max_memory = "1KB"\n')
    assert ["--max-memory" in line for line in problems(project)] == [True]


TOML_VALUES = [
    True, False, 0, -1, 2**63 - 1, 0.5, math.inf, math.nan, -0.0, "", "x", "\u202e", "9" * 400, [], [[]], [1], [True],
    [{}], ["x", 1], [[1, 2], [3]], {}, {"a": 1}, datetime.date(2020, 1, 1), datetime.time(1),
]  # fmt: skip


@pytest.mark.parametrize("name", catalog.explainers())
def test_any_value_of_toml_is_taken_or_refused_by_any_option(name: str) -> None:
    options = [*catalog.layer(name).config.options(), *FilmOptions.options(), *preparing.InputOptions.options()]
    refused = 0
    for item in options:
        for value in TOML_VALUES:
            try:
                item.kind.check(item.name, value)
            except LayeranimError as error:
                refused += 1
                assert str(error).isprintable() and str(error).startswith(item.name)  # noqa: PT017, PT018
    assert refused > len(options)


def test_the_schema_is_printed(call: Callable[..., Done]) -> None:
    assert json.loads(call("schema").out) == json.loads(json.dumps(schema()))


def test_the_gallery_has_every_explainer() -> None:
    manifest, plans = load(ROOT / "layeranim.toml")
    assert {plan.entry.explainer for plan in plans} == set(catalog.EXPLAINERS)
    themes: dict[str, set[str]] = {}
    for plan in plans:
        themes.setdefault(plan.entry.explainer, set()).add(plan.entry.theme)
    assert all(seen == {"light", "dark"} for seen in themes.values()), themes
    assert "renders/conv.gif" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "conv" in {plan.name for plan in plans}
    assert manifest.root == ROOT / "renders"
