"""What scikit-learn's diagrams of estimators show of ours: a link, and the network inside."""

from importlib.metadata import PackageNotFoundError, metadata


class DocLinkMixin:
    """Link diagrams to the pages of this package, once its metadata says where they are.

    List it before :class:`~sklearn.base.BaseEstimator`.
    """

    _doc_link_module = "sklearn_rnn"

    @property
    def _doc_link_template(self):
        """The address of a class's page, empty for no link while none is known."""
        site = documentation_site()
        return site and f"{site}/generated/{{estimator_module}}.{{estimator_name}}.html"


def documentation_site():
    """Return the address that the installed package gives as "Documentation", "" if none."""
    try:
        addresses = metadata("sklearn-rnn").get_all("Project-URL") or []
    except PackageNotFoundError:  # run from a folder of sources
        return ""
    for label, _, address in (line.partition(",") for line in addresses):
        if label.strip() == "Documentation":
            return address.strip().rstrip("/")
    return ""
