"""The sentence that opens each page of docs/benchmarks, which says what came out.

Each is computed from the tables of its page, so it follows them when they are measured again.
``python -m benchmarks NAME`` writes it after each run, and ``python -m benchmarks openings`` writes
those of all pages.
"""

import argparse
import re
from pathlib import Path
from statistics import mean, median

PAGES = Path("docs/benchmarks")


def main(argv):
    parser = argparse.ArgumentParser(prog="python -m benchmarks openings", description=__doc__)
    parser.parse_args(argv)
    for name in write_openings(PAGES):
        print(f"{name}: opening written anew")


def write_openings(folder):
    """Write the opening of each page of a folder, and return the names of those that changed."""
    changed = []
    for path in sorted(Path(folder).glob("*.md")):
        page = path.read_text(encoding="utf-8")
        if path.stem in OPENINGS and (opened := with_opening(path.stem, page)) != page:
            path.write_text(opened, encoding="utf-8")
            changed.append(path.stem)
    return changed


def with_opening(name, page):
    """Return the page with its result in bold below the title, in place of an earlier one."""
    title, _, rest = page.partition("\n\n")
    if rest.startswith("**"):
        _, _, rest = rest.partition("\n\n")
    return f"{title}\n\n**{OPENINGS[name](*tables_of(page))}**\n\n{rest}"


def tables_of(page):
    """Return the tables of a page, each a list of rows: the text of the cells by their column."""
    tables = []
    for block in re.findall(r"(?:^\|.*\|\n)+", page, re.MULTILINE):
        head, _, *rows = map(_cells, block.splitlines())
        tables.append([dict(zip(head, row, strict=True)) for row in rows])
    return tables


def _cells(line):
    """Return the cells of a line of a table, in which a stroke of the text is escaped."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def number(cell):
    """Return the first number of a cell, such as the median before its range."""
    return float(re.search(r"-?[\d,]*\.?\d+(?:e[-+]\d+)?", cell)[0].replace(",", ""))


def where(table, **values):
    """Return the rows whose columns have these values."""
    return [row for row in table if all(row[name] == value for name, value in values.items())]


def column(table, name):
    """Return the numbers of a column, without cells that are empty or have a dash."""
    return [number(row[name]) for row in table if row[name] not in ("", "-")]


def points(rows, ours, theirs):
    """Return by how many points of a hundred one column is above another, for each row."""
    return [100 * (number(row[ours]) - number(row[theirs])) for row in rows]


def span(values, form=".0f", unit=""):
    """Return the range of values in words, or the one value that they all show as."""
    low, high = f"{min(values):{form}}", f"{max(values):{form}}"
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"


def percent(*shares):
    """Return a share, or the range of several, as a percentage."""
    return span([100 * share for share in shares], unit=" %")


def listed(words):
    """Return words as a list in a sentence."""
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "none"


def batches(table, *_):
    worst = max(points(table, "accuracy, random", "accuracy, similar lengths"))
    before, after = (column(table, f"padding, {kind}") for kind in ("random", "similar"))
    return (
        f"Padded to their longest document, batches of similar lengths are {span(after)} % padding "
        f"and random ones {span(before)} %; this costs at most {max(worst, 0):.1f} points of "
        "accuracy."
    )


def checks(*tables):
    counted = [row for table in tables for row in table if "passed" in row]
    total = {name: sum(column(counted, name)) for name in ("run", "passed", "failed")}
    return (
        f"Of {total['run']:.0f} checks, {total['passed']:.0f} pass and {total['failed']:.0f} fail "
        "unexpectedly; the others are skipped or expected to fail, for the reasons below."
    )


def checkpoints(table):
    sizes = [f"{number(row['checkpoint, MB']):.0f} MB" for row in table]
    seconds = [f"{number(row['to write it, s']):.2f} s" for row in table]
    return (
        f"With {listed(row['token ids'] for row in table)} token ids, a checkpoint has "
        f"{listed(sizes)}, and is written in {listed(seconds)}."
    )


def efficiency(table, *_):
    ours, torch = (
        column(where(table, precision="float32", kernels=kernels), "share")
        for kernels in ("auto", "False")
    )
    reused = " Above 100 % is what repeated words save." if max(ours) > 100 else ""
    return (
        f"In float32 an epoch reaches {span(ours)} % of the peak speed of matrix products with our "
        f"kernels, and {span(torch)} % with torch's layers.{reused}"
    )


def few_labels(table):
    gains = points(table, "defaults", "TF-IDF")
    labels = [int(count) for count in column(table, "documents")]
    return (
        f"From {min(labels):,} to {max(labels):,} labelled documents, the defaults are "
        f"{span(gains, '.1f')} points more accurate than TF-IDF, {mean(gains):.1f} on average."
    )


def generation(table, *_):
    faster = [f"{number(row['ours / state']):.1f} times" for row in table]
    return (
        f"`generate` writes {table[0]['samples']} text {faster[0]} as fast as a PyTorch loop that "
        f"carries the state, and {table[-1]['samples']} texts at once {faster[-1]}."
    )


def gpu(cells, defaults, *others):
    epochs = {row["who"]: number(row["epoch"]) for row in where(others[-1][:4], cell="lstm")}
    seconds = {row["device"]: row["seconds"] for row in defaults}
    skorch, loop = (
        percent(epochs["RNNTextClassifier"] / epochs[who]) for who in ("skorch", "loop, packed")
    )
    return (
        f"On long documents an epoch of an LSTM takes {skorch} of the time of skorch and {loop} of "
        f"that of a packed loop; on tweets, the defaults take {seconds['cuda']} s on the GPU and "
        f"{seconds['cpu']} s on the CPU."
    )


def grid_lstm(table):
    right = {
        row["network"]: mean(map(float, row["accuracy"].split(", ")))
        for row in table
        if row["task"].startswith("sum")
    }
    return (
        f"A Grid LSTM adds {percent(right['Grid LSTM'])} of pairs of numbers right, a stack of "
        f"LSTM layers {percent(right['stacked LSTM'])}, and one with as many weights "
        f"{percent(right['stacked LSTM, 1.41 times the units'])}."
    )


def grid_search(table):
    (processes,) = (name for name in table[0] if name.endswith(" processes"))
    shares = [f"{percent(number(row['ratio']))} ({row[processes]})" for row in table]
    return f"A search in two processes takes {listed(shares)} of its time in one."


def kneser_ney(characters, words):
    best = [
        min(column([row for row in table if row["corpus"] == "tinyshakespeare"], "best perplexity"))
        for table in (characters, words)
    ]
    return (
        f"On tinyshakespeare, the best n-grams reach a perplexity of {best[0]:.2f} per character "
        f"and {best[1]:.0f} per word."
    )


def language_model(table):
    compared = []
    for row in where(table, contestant="RNNLanguageModel"):
        for other in where(table, corpus=row["corpus"], contestant="torch.nn.LSTM by hand"):
            nats = [number(each["nats"].strip("*")) for each in (row, other)]
            compared.append(f"{nats[0]:.3f} and {nats[1]:.3f} nats a token on {row['corpus']}")
    return (
        "After the same time of training, `RNNLanguageModel` and a PyTorch loop are at "
        f"{'; at '.join(compared)}."
    )


def many_threads(table):
    return (
        f"One model answers up to {max(column(table, 'alone, documents/s')):,.0f} documents a "
        f"second, and {percent(*column(table, 'share'))} of its usual number beside a training."
    )


def memory_distance(*tables):
    longest = [*tables[0][0]][-1]
    # The number of steps stands in brackets where the task was solved.
    solved = [[row["cell"] for row in table if "(" in row[longest]] for table in tables]
    adding, copying, order = (
        listed(cell.replace(", chrono", " (chrono)") for cell in cells) for cells in solved
    )
    return (
        f"At {longest}, the cells that solve adding are {adding}; for copying {copying}; for "
        f"temporal order {order}."
    )


def out_of_core(table):
    chunks, whole = table
    memory = number(chunks["memory, MiB"]) / number(whole["memory, MiB"])
    speed = number(chunks["documents per second"]) / number(whole["documents per second"])
    return (
        f"Learning a stream in chunks takes {percent(memory)} of the memory of one `fit`, at "
        f"{percent(speed)} of its speed, and reaches an accuracy of "
        f"{chunks['accuracy on real tweets']} instead of {whole['accuracy on real tweets']}."
    )


def peers(table):
    said = []
    for name in ("sentences", "tweets"):
        ours, *others = (row for row in table if row[f"{name}, accuracy"])
        others = [row for row in others if not row["library"].startswith("sklearn_rnn")]
        best = max(others, key=lambda row: number(row[f"{name}, accuracy"]))
        figures = [
            f"{row[f'{name}, accuracy']} in {row[f'{name}, seconds']} s" for row in (ours, best)
        ]
        said.append(f"{figures[0]} on {name} (best of the others: {best['library']}, {figures[1]})")
    return f"`RNNTextClassifier()` reaches an accuracy of {listed(said)}."


def predicting(table, *_):
    one, many = (
        (row["documents"], number(row["ours, ms"]), number(row["ours / TF-IDF"]))
        for row in (table[0], table[-1])
    )
    return (
        f"Predicting {one[0]} tweet takes {one[1]:.1f} ms, {one[2]:.2f} times as long as with "
        f"TF-IDF; {many[0]} take {many[1]:.0f} ms, {many[2]:.2f} times as long."
    )


def pretraining(table):
    rows = where(table, documents="300")
    both, vectors = (mean(points(rows, name, "TF-IDF")) for name in ("both", "word vectors"))
    return (
        f"With 300 labels, pretrained models that know word vectors are {both:.1f} points more "
        f"accurate than TF-IDF, and word vectors alone {vectors:.1f}, on average over "
        f"{len(rows)} data sets."
    )


def quality(table):
    gains = points(table, "defaults", "TF-IDF")
    better = sum(gain > 0 for gain in gains)
    return (
        f"The defaults are more accurate than TF-IDF on {better} of {len(gains)} data sets: by "
        f"{median(gains):.1f} points in the median, between {min(gains):.1f} and {max(gains):.1f}."
    )


def scaling(table, *_):
    name = "tokens in the corpus"
    small, large = table[0], table[-1]
    return (
        f"An epoch over {small[name]} tokens takes {small['epoch, s']} s, and one over "
        f"{large[name]} takes {large['epoch, s']} s and {large['bytes per token']} bytes of memory "
        "a token."
    )


def search_peers(table):
    rows = where(table, search="skorch")
    shares = [f"{percent(number(row['ours / theirs']))} ({row['corpus']})" for row in rows]
    return f"A grid search takes {listed(shares)} of the time of the same search with skorch."


def short(*tables):
    shares = [
        number(row["/ padded loop"])
        for table in tables
        for row in table
        if row.get("/ padded loop") and row[""] == "ours"
    ]
    return f"An epoch on short documents takes {percent(*shares)} of the time of a padded loop."


def speed(table, *_):
    ours = where(table, contestant="ours")
    long = [row for row in ours if row["corpus"] != "tweets"]
    loop, keras = (column(long, name) for name in ("/ tutorial", "/ keras_tensorflow"))
    tweets = column(where(ours, corpus="tweets"), "/ tutorial")
    return (
        f"On long documents an epoch takes {percent(*loop)} of the time of a PyTorch loop and "
        f"{percent(*keras)} of Keras's on TensorFlow; on a few hundred tweets it takes "
        f"{percent(*tweets)} of the loop's."
    )


def processes(table):
    ratios = [
        f"{number(row['ratio']):.2f} of its time in one with batches of {row['batch']}"
        for row in where(table, processes="two")
    ]
    return (
        f"In two processes of one machine, an epoch takes {listed(ratios)}: processes are for "
        "several machines, and threads for one."
    )


def scale_model(_, epochs, *others):
    ratios = column(epochs, "predicted / measured")
    return (
        f"Of epochs that it was not fitted to, the model predicts {percent(*ratios)} of the "
        "measured time."
    )


def serving(table, *_):
    rates = {
        row["served"]: number(row["requests/s"])
        for row in where(table, **{"documents a request": "1", "clients": "1"})
    }
    return (
        f"One process answers {rates['RNNTextClassifier']:,.0f} requests a second of one client, "
        f"with TF-IDF {rates['TF-IDF']:,.0f}, and {rates['FastAPI alone']:,.0f} if it computes "
        "nothing."
    )


def start_up(table, models):
    (row,) = where(table, library="sklearn_rnn")
    (model,) = where(models, file="`ours.safetensors`")
    return (
        f"Importing sklearn_rnn adds {number(row['added to the base, s']):.2f} s to the imports of "
        f"torch and scikit-learn; to open a model of {number(model['bytes']) / 1e6:.0f} MB takes "
        f"{number(model['to open it, ms']):.0f} ms."
    )


def tagging(table):
    gains, times = [], []
    for row in where(table, model="RNNTokenClassifier"):
        for other in where(table, model="CRFsuite", **{"data set": row["data set"]}):
            score = "accuracy" if row["F1"] == "-" else "F1"
            gains += [100 * (number(row[score]) - number(other[score]))]
            times += [number(row["seconds of training"]) / number(other["seconds of training"])]
    return (
        f"`RNNTokenClassifier` is {span(gains, '.1f')} points better than CRFsuite on features "
        f"(F1 of spans, or accuracy where there are none), and trains {span(times)} times as long."
    )


def time_to_accuracy(table):
    rows = where(table, contestant="skorch")
    shares = [f"{percent(number(row['ours / theirs']))} ({row['corpus']})" for row in rows]
    return f"Training to the same accuracy takes {listed(shares)} of the time of skorch."


def translation(table, *_):
    said = []
    for name in dict.fromkeys(row["data set"] for row in table):
        ours, _, by_hand = where(table, **{"data set": name})
        if ours["BLEU"] == "-":
            right = [percent(1 - number(row["word error"])) for row in (ours, by_hand)]
            said.append(f"on {name}, {right[0]} of the targets are right ({right[1]})")
        else:
            said.append(f"on {name}, BLEU is {ours['BLEU']} ({by_hand['BLEU']})")
    return (
        "`RNNTranslator`, compared with a PyTorch loop that trains for the same time (in "
        f"parentheses): {'; '.join(said)}."
    )


def vanishing_gradients(table):
    kept = [f"{row['ratio']} ({row['cell']})" for row in table]
    return f"After 100 tokens, what remains of the gradient is {listed(kept)}."


def vectorizing(table, *_):
    ratios = {row["way"]: row["ours / theirs, seconds"] for row in table[1:]}
    names = ("CountVectorizer", "tokenizers")
    said = [f"{percent(number(ratios[name]))} of {name}'s" for name in names if name in ratios]
    return (
        f"`SequenceVectorizer` reads {number(table[0]['documents per second']):,.0f} tweets a "
        f"second; it takes {listed(said)} time."
    )


def vectorizing_processes(table):
    (row,) = where(table, way="2 processes")
    fit, transform = (number(row[name]) for name in list(row)[2::2])
    return (
        f"Two processes that are there take {percent(fit)} of the time of one to learn a "
        f"vocabulary and split a million tweets, and {percent(transform)} to split them."
    )


OPENINGS = {
    function.__name__: function
    for function in (
        batches,
        checkpoints,
        checks,
        efficiency,
        few_labels,
        generation,
        gpu,
        grid_lstm,
        grid_search,
        kneser_ney,
        language_model,
        many_threads,
        memory_distance,
        out_of_core,
        peers,
        predicting,
        pretraining,
        processes,
        quality,
        scale_model,
        scaling,
        search_peers,
        serving,
        short,
        speed,
        start_up,
        tagging,
        time_to_accuracy,
        translation,
        vanishing_gradients,
        vectorizing,
        vectorizing_processes,
    )
}
