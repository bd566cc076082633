import pytest
import torch


@pytest.fixture
def set_threads():
    """Return torch's function for its number of threads, which is restored after the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)
