import re
import unicodedata
from pathlib import Path

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from sklearn_rnn._text.words import (
    IGNORED,
    TOKEN_PATTERN,
    WORD_PATTERN,
    is_simple,
    normalize,
    split_words,
    word_spans,
)

# Characters that meet in words, and where rules meet.
TELLING = (
    "aZé'’·\"#*1_. \t\n\x1c\x85\u00a0\u3000\u200b\u200c\u200d\u00ad\ufeff\u0301\u0307iİßΣσς漢ーカﾊﾞ"
    "ไน้ำក្ខែမြန်כ״\u05b8हि\u094dन👍🏽❤\ufe0f🇩🇪\u20e3가\u1100\u1161\u0f0bᠪ\u180e\x00\u0600٣½²Ⓜ©ℹ"
)
any_text = st.text(st.sampled_from(TELLING) | st.characters(exclude_categories=["Cs"]), max_size=30)
simple_text = st.text(
    st.sampled_from("'’\"_. #*1é") | st.characters(max_codepoint=0x24F) | st.sampled_from("–—“”…€")
).filter(is_simple)

WORDS = {
    "Amharic": "ሰላም ዓለም",
    "Arabic, pointed": "مُحَمَّد",
    "Armenian": "ի՞նչ բարև",
    "Bengali": "ভালো নয়",
    "Cherokee": "ᎣᏏᏲ",
    "Devanagari": "हिन्दी भाषा अच्छी क्‍ष",
    "Georgian": "გამარჯობა",
    "Greek": "καλημέρα",
    "Gujarati": "ગુજરાતી ભાષા",
    "Gurmukhi": "ਪੰਜਾਬੀ ਭਾਸ਼ਾ ਚੰਗੀ",
    "Hebrew, pointed": "שָׁלוֹם צה״ל ג'ירפה",
    "Kannada": "ಕನ್ನಡ ಭಾಷೆ",
    "Khmer": "ខ្មែរ កម្ពុជា",
    "Korean": "한국어 좋다",
    "Latin": "café don't l'été Zürich col·lecció naïve",
    "Malayalam": "മലയാളം അവന്‍",
    "Mongolian": "ᠪᠠᠢᠭ᠎ᠠ",
    "Burmese": "မြန်မာ နိုင်ငံ",
    "Odia": "ଓଡ଼ିଆ ଭାଷା",
    "Persian": "می‌خواهم",
    "Russian": "хорошо",
    "Sinhala": "සිංහල ශ්‍රී",
    "Syriac": "ܫܠܳܡܳܐ",
    "Tamil": "தமிழ் மொழி",
    "Telugu": "తెలుగు భాష",
    "Thaana": "ދިވެހި",
    "Ukrainian": "п’ять м'яч",
}


@pytest.mark.parametrize("script", WORDS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_words_stay_whole(script, form):
    words = WORDS[script]
    assert split_words(unicodedata.normalize(form, words)) == normalize(words).split()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("漢字かなカナー", ["漢", "字", "か", "な", "カ", "ナ", "ー"]),
        ("ﾊﾞｶ が", ["ﾊﾞ", "ｶ", "が"]),
        ("AI技術が2024年", ["AI", "技", "術", "が", "2024", "年"]),
        ("ที่น้ำ๑๒", ["ที่", "น้ำ", "๑๒"]),
        ("ສະບາຍ", ["ສ", "ະ", "ບ", "າ", "ຍ"]),
        ("ကျေးဇူးတင်ပါတယ်။", ["ကျေး", "ဇူး", "တ", "င်", "ပါ", "တ", "ယ်", "။"]),
        ("ភាសា\u200bខ្មែរ។", ["ភាសា", "ខ្មែរ", "។"]),
    ],
)
def test_scripts_without_spaces(text, tokens):
    assert split_words(text) == tokens


@pytest.mark.parametrize("emoji", "👍 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣ #⃣ ❤️ ☎️ ℹ️ ©️".split())
def test_an_emoji_is_one_token(emoji):
    assert split_words(f"a{emoji}{emoji}!") == ["a", emoji, emoji, "!"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("co\u00adoperate \ufeffhi \u200ea\u200fb", ["cooperate", "hi", "ab"]),
        ("cafe\u0301 cafe\u00ad\u0301", ["café", "café"]),
        ("İSTANBUL".lower(), ["istanbul"]),
        ("می\u200c ، \u200d\u200c", ["می", "،"]),
        ("3.14 1,5 a.b a:b", ["3", ".", "14", "1", ",", "5", "a", ".", "b", "a", ":", "b"]),
        ("\u0301a ≠\u0301", ["\u0301", "a", "≠\u0301"]),
    ],
)
def test_normalization(text, tokens):
    assert split_words(text) == tokens


@given(any_text)
def test_nothing_is_lost_but_spaces_and_joiners_that_join_nothing(text):
    expected = re.sub("[\u200b\u200c\u200d\x1c-\x1f]", "", "".join(normalize(text).split()))
    assert re.sub("[\u200c\u200d]", "", "".join(split_words(text))) == expected


@given(any_text)
def test_only_ignored_characters_and_a_dot_are_lost_by_normalization(text):
    expected = re.sub(IGNORED, "", text).replace("i\u0307", "i")
    assert normalize(text) == unicodedata.normalize("NFC", expected)


@given(any_text)
def test_spaces_separate_whatever_they_are_between(text):
    assert split_words(f"{text} {text}") == 2 * split_words(text)


@given(simple_text)
@example("don’t “x” 'y' …")
def test_the_fast_pattern_finds_the_same_in_simple_text(text):
    assert split_words(text) == re.findall(TOKEN_PATTERN, text) == regex.findall(WORD_PATTERN, text)
    assert unicodedata.normalize("NFC", text) == text == re.sub(IGNORED, "", text)


def test_every_simple_character_is_found_alike():
    simple = [char for char in map(chr, range(0xD800)) if is_simple(char)]
    assert len(simple) > 600
    for char in simple:
        for text in (char, f"a{char}b", f"1{char}2"):
            assert re.findall(TOKEN_PATTERN, text) == regex.findall(WORD_PATTERN, text)


@given(any_text)
def test_spans_are_those_of_the_words(text):
    spans = word_spans(text)
    assert [word for *_, word in spans] == split_words(text)
    places = [place for start, stop, _ in spans for place in (start, stop)]
    assert all(0 <= place <= len(text) for place in places)
    assert all(start < stop for start, stop, _ in spans)
    assert sorted(start for start, *_ in spans) == [start for start, *_ in spans]


@pytest.mark.parametrize(
    "text", ["Don’t co\u00adop cafe\u0301, 👍🏽!", "한국어 한국 हिन्दी i\u0307x"]
)
def test_spans_cut_the_words_out_of_the_text(text):
    for start, stop, word in word_spans(text):
        assert normalize(text[start:stop]) == word


def differs_on_purpose(left, right, is_break):
    """Tell whether we break where Unicode does not, or the other way, for a reason of ours."""
    kana_or_joined = {"\u3031", "_"}
    if is_break:
        return (
            bool({left, right} & set(":.,;'"))  # 3.14 and a:b are split
            or ({left, right} <= kana_or_joined and left + right != "__")  # kana one by one
            or "\u200d" in (left, right)  # joins nothing unless between letters or emoji
        )
    # Apostrophes hold together all that words are made of.
    return "'" in (left, right) and (left + right).replace("'", "a").replace("_", "a").isalnum()


def word_break_tests():
    for line in Path(__file__, "../data/word_breaks.txt").resolve().read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield line


def test_word_boundaries_are_those_of_unicode():
    # What we drop has no boundaries to compare, and a joiner does not join flags.
    n_same, left_out = 0, re.compile(rf"{IGNORED}|\s|\u200c|\u200d[\U0001F1E6-\U0001F1FF]")
    for line in word_break_tests():
        signs = line.split()
        text = "".join(chr(int(code, 16)) for code in signs[1::2])
        if left_out.search(text):
            continue
        inside = {place for start, stop, _ in word_spans(text) for place in range(start + 1, stop)}
        for place, sign in enumerate(signs[2:-1:2], 1):
            same = (place in inside) == (sign == "×")
            # Marks belong to what stands before them.
            left = text[:place].rstrip("\u0308\u0300")[-1:] or text[place - 1]
            n_same += same
            assert same or differs_on_purpose(left, text[place], sign == "×"), line
    assert n_same > 500
