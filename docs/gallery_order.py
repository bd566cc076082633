"""The order of the gallery, by hand: its sections, and the scripts in each."""

from pathlib import Path

SECTIONS = {
    "first_steps": [
        "plot_quickstart.py",
        "plot_regression.py",
        "plot_many_labels.py",
        "plot_token_lists.py",
        "plot_saving.py",
    ],
    "lesson": [
        "plot_1_order.py",
        "plot_2_plain_cell.py",
        "plot_3_vanishing_gradient.py",
        "plot_4_lstm_gates.py",
        "plot_5_cells.py",
        "plot_6_directions_layers.py",
        "plot_7_batches.py",
        "plot_8_embeddings.py",
        "plot_9_attention.py",
        "plot_10_grid_lstm.py",
        "plot_11_writing.py",
        "plot_12_translating.py",
    ],
    "tasks": [
        "plot_tagging.py",
        "plot_word_vectors.py",
        "plot_subwords.py",
        "plot_show_attend_tell.py",
    ],
    "in_sklearn": [
        "plot_grid_search.py",
        "plot_mixed_columns.py",
        "plot_document_vectors.py",
    ],
    "inside": [
        "plot_inside.py",
        "plot_negation_units.py",
        "plot_language_model_units.py",
    ],
    "speed": [
        "plot_speed.py",
        "plot_out_of_core.py",
        "plot_onnx.py",
    ],
    "extending": [
        "plot_own_cell.py",
        "plot_own_text_estimator.py",
    ],
}


class ByHand:
    """Sort the scripts of a section as `SECTIONS` lists them.

    sphinx-gallery calls it by name, since Sphinx cannot store an object of conf.py.
    """

    def __init__(self, src_dir):
        self.section = Path(src_dir).name

    def __call__(self, filename):
        """Return the place of a script."""
        names, name = SECTIONS[self.section], Path(filename).name
        if name not in names:
            raise ValueError(f"Give {name} its place in {self.section!r} of docs/gallery_order.py.")
        return names.index(name)
