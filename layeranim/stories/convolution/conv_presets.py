"""Ready convolutions, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

PRESETS = (
    Preset(
        "diagonal",
        "a 5×5 stroke and a 3×3 detector of diagonals",
        "ours",
        arrays={
            "input": "1 0 0 0 1; 0 2 0 0 0; 0 0 2 0 0; 0 0 0 2 0; 1 0 0 0 1",
            "kernel": "2 -1 -1; -1 2 -1; -1 -1 2",
        },
        unit=4,
        takeaway="large where the input has the kernel's diagonal: a kernel finds its pattern",
    ),
    Preset(
        "edge",
        "a bright square and the Sobel kernel that answers to vertical edges",
        "Sobel kernel Gx; the notes Multilayer Perceptrons call it Horizontal",
        options={"padding": 1},
        arrays={"input": "0 0 0 0 0; 0 3 3 3 0; 0 3 3 3 0; 0 3 3 3 0; 0 0 0 0 0", "kernel": "sobel-x"},
        unit=10,
        takeaway="left edges +, right edges −; a turned kernel finds the other two",
    ),
    Preset(
        "glossary",
        "the 4×4 image of the ML Glossary with a 2×2 identity filter",
        "ML Glossary, Layers, Convolution; its code reads an undefined name, meant is valid cross-correlation",
        arrays={
            "input": "260.745 261.332 112.27 262.351; 260.302 208.802 139.05 230.709; "
            "261.775 93.73 166.118 122.847; 259.56 232.038 262.351 228.937",
            "kernel": "1 0; 0 1",
        },
        unit=6,
        takeaway="a cell plus its lower right neighbour each time: other kernels find other patterns",
    ),
    Preset(
        "slugnet",
        "letters a…l under a kernel w x y z: the formula of every output",
        "Slugnet documentation, Layers, figure 4; its formula flips the kernel, the figure does not",
        arrays={"input": "1 2 3 4; 5 6 7 8; 9 10 11 12", "kernel": "1 2; 3 4"},
        labels={"input": "a b c d; e f g h; i j k l", "kernel": "w x; y z"},
        unit=2,
        takeaway="four weights serve every place: little to learn, and a pattern is found anywhere",
    ),
    Preset(
        "digit",
        "a handwritten 8×8 digit and the Sobel kernel",
        "UCI Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak; CC BY 4.0)",
        arrays={"input": "digit:3", "kernel": "sobel-x"},
        unit=4,
        takeaway="left sides of the stroke positive, right sides negative: edges for the next layer",
    ),
    Preset(
        "rgb",
        "three input channels, two filters",
        "ours",
        arrays={
            "input": "2 0 1 0; 1 2 0 1; 0 1 2 0; 1 0 1 2 ;; "
            "0 1 0 2; 1 0 1 0; 2 1 0 1; 0 2 1 0 ;; 1 1 0 0; 0 2 1 1; 1 0 0 2; 2 1 1 0",
            "kernel": [
                [[[1, 0], [0, 1]], [[0, 1], [-1, 0]], [[1, -1], [0, 0]]],
                [[[0, 1], [1, 0]], [[1, 0], [0, 1]], [[-1, 0], [0, 1]]],
            ],
        },
        unit=14,
        takeaway="one filter sees all channels and draws one map; more filters, more maps",
        planes=True,
    ),
)
