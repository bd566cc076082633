import threading

import pytest

from sklearn_rnn.modules._new_thread import in_new_thread


def test_a_new_thread_has_not_existed_before():
    assert in_new_thread(threading.get_ident) != threading.get_ident()


def test_an_error_comes_out():
    with pytest.raises(ZeroDivisionError):
        in_new_thread(lambda: 1 / 0)
