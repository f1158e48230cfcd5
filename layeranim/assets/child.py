"""How a child of ours begins: ``apart.start`` runs this file with ``-P``, so that no folder but Python's own is near.

Words: the folder of the package, JSON of further folders to import from, ``module:name``, and the function's own.
"""

import json
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

if __name__ == "__main__":
    _, package, more, function, *arguments = sys.argv
    spec = spec_from_file_location("layeranim", Path(package) / "__init__.py", submodule_search_locations=[package])
    assert spec is not None  # it was imported from there a moment ago
    assert spec.loader is not None
    # The parent's layeranim, wherever it is from, without its folder on the path: that may be the project's own.
    sys.modules["layeranim"] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules["layeranim"])
    sys.path += [folder for folder in json.loads(more) if folder not in sys.path]
    module, _, name = function.partition(":")
    sys.exit(getattr(import_module(module), name)(arguments))
