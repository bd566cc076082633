import pytest

from sklearn_rnn._vectors.word_forms import all_forms, find


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("film", {"film", "Film"}, ["film"]),
        ("Film", {"film", "Film"}, ["Film"]),
        ("FILM", {"film", "Film"}, ["film"]),
        ("paris", {"Paris", "PARIS"}, ["Paris"]),
        ("nasa", {"NASA"}, ["NASA"]),
        ("don\u2019t", {"don't", "do", "n't"}, ["don't"]),
        ("film's", {"film"}, ["film"]),
        ("Film\u2019s", {"film"}, ["film"]),
        ("dogs'", {"dogs"}, ["dogs"]),
        ("it's", {"it", "'s", "is"}, ["it"]),
        ("don't", {"do", "n't", "not"}, ["do", "n't"]),
        ("don't", {"do", "not"}, ["do", "not"]),
        ("can't", {"ca", "can", "n't"}, ["can", "n't"]),
        ("Won't", {"will", "not"}, ["will", "not"]),
        ("shan't", {"shall", "not"}, ["shall", "not"]),
        ("i'm", {"I", "'m"}, ["I", "'m"]),
        ("they'll", {"they", "will"}, ["they", "will"]),
        ("don't", {"do"}, []),
        ("slow-paced", {"slow", "paced"}, ["slow", "paced"]),
        ("and/or", {"and", "or"}, ["and", "or"]),
        ("slow\u2013paced", {"slow", "paced"}, ["slow", "paced"]),
        ("slow-xyz", {"slow"}, []),
        ("-", {"a"}, []),
        ("-slow", {"slow"}, []),
        ("1987", {"0000"}, ["0000"]),
        ("1987", {"####"}, ["####"]),
        ("4x4", {"#X#"}, ["#X#"]),
        ("7", {"0", "#"}, ["0"]),
        ("", {"a"}, []),
    ],
)
def test_the_first_form_that_is_known_stands_for_a_word(word, known, found):
    assert find(word, known) == found
    # What a file is filtered by holds all that is found in it.
    assert {name for name in known if name in all_forms([word])} >= set(found)
    assert find(word, known & all_forms([word])) == found
