from sklearn_rnn.modules._cached import cached_property


class Counted:
    n_calls = 0

    @cached_property
    def value(self):
        """Return a new list."""
        self.n_calls += 1
        return []


def test_a_value_is_computed_once_for_each_instance():
    one, other = Counted(), Counted()
    assert one.value is one.value
    assert one.value is not other.value
    assert one.n_calls == other.n_calls == 1


def test_the_class_has_the_property_with_its_docstring():
    assert isinstance(Counted.value, cached_property)
    assert Counted.value.__doc__ == "Return a new list."
