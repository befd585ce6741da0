"""What a name of a folder or file may say: an expression in some language, a published part, a
number that codes a label, or that it is no name of a person."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ecgan.expressions import ALIASES, EXPRESSIONS, canonical_expression

SURE, GUESSED, CODE = 3, 2, 1
"""How a name was read: by the usual names, by a word of `_WORDS` or beside other words (which is
said), or by a code of two letters, which may be somebody's initials."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS = {
    "neutral": (
        "natural, normal face, no emotion, neu, neut, neutre, neutro, neutra, neutrale, neutralny, "
        "neutraal, nötr, tarafsız, doğal, nøytral, nøytralt, netral, bình thường, trung tính, "
        "нейтральный, нейтрально, нейтральное, нейтральность, спокойствие, 中性, 中立, 自然, 平静, "
        "平靜, 无表情, 無表情, 真顔, 普通, ニュートラル, 중립, 무표정, محايد, طبيعي, तटस्थ, सामान्य"
    ),
    "happy": (
        "hap, hapiness, happines, smiles, laugh, laughing, laughter, glad, cheerful, delighted, "
        "freude, freudig, fröhlich, froh, glücklich, glück, lächeln, lachen, joie, joyeux, "
        "joyeuse, heureux, heureuse, bonheur, sourire, feliz, felicidad, felicidade, alegre, "
        "alegría, alegria, contento, contenta, felice, felicità, gioia, sorriso, sonrisa, blij, "
        "blijdschap, vreugde, gelukkig, szczęśliwy, szczęście, radość, wesoły, mutlu, mutluluk, "
        "senang, bahagia, gembira, vui, vui vẻ, hạnh phúc, glädje, lycklig, glæde, lykkelig, "
        "радость, радостный, счастье, счастливый, 高兴, 高興, 开心, 開心, 快乐, 快樂, 喜悦, 喜悅, "
        "幸福, 喜び, 幸せ, 笑顔, 嬉しい, 행복, 기쁨, سعيد, سعادة, فرح, खुश, खुशी"
    ),
    "sad": (
        "sorrow, sorrowful, crying, depressed, traurig, trauer, traurigkeit, triste, tristesse, "
        "tristeza, tristezza, verdrietig, verdriet, droevig, smutny, smutek, üzgün, üzüntü, "
        "sedih, buồn, nỗi buồn, ledsen, sorg, sorgsen, trist, ked af det, грусть, грустный, "
        "печаль, печальный, 悲伤, 悲傷, 伤心, 傷心, 难过, 難過, 悲哀, 悲しみ, 悲しい, 슬픔, حزين, "
        "حزن, दुखी, उदास"
    ),
    "angry": (
        "ang, angr, mad, furious, rage, wut, wütend, ärger, ärgerlich, zorn, zornig, colère, "
        "en colère, fâché, fâchée, énervé, enojo, enojado, enojada, enfado, enfadado, enfadada, "
        "ira, rabia, furia, rabbia, arrabbiato, arrabbiata, collera, raiva, zangado, com raiva, "
        "boos, boosheid, woede, złość, zły, gniew, kızgın, kızgınlık, öfke, öfkeli, marah, "
        "tức giận, giận dữ, arg, ilska, sint, vred, злость, злой, гнев, 生气, 生氣, 愤怒, 憤怒, "
        "怒り, 怒る, 분노, 화남, غاضب, غضب, गुस्सा, क्रोध"
    ),
    "fear": (
        "fea, fears, frightened, terrified, terror, horror, angst, ängstlich, furcht, peur, "
        "effrayé, effrayée, apeuré, crainte, miedo, asustado, asustada, temor, paura, spaventato, "
        "spaventata, medo, bang, vrees, strach, lęk, przestraszony, korku, korkmuş, korkan, "
        "takut, sợ, sợ hãi, rädd, rädsla, redd, frykt, bange, frygt, страх, испуг, 害怕, 恐惧, "
        "恐懼, 恐怖, 恐れ, 怖い, 공포, 두려움, خائف, خوف, डर, भय"
    ),
    "disgust": (
        "dis, disg, disguist, disgusting, ekel, angeekelt, angewidert, dégoût, dégoûté, dégoûtée, "
        "asco, asqueado, disgusto, disgustato, nojo, repulsión, repulsa, walging, afschuw, "
        "wstręt, obrzydzenie, tiksinti, tiksinme, iğrenme, iğrenmiş, jijik, ghê tởm, kinh tởm, "
        "äckel, avsky, avsmak, afsky, отвращение, 厌恶, 厭惡, 恶心, 嫌悪, 혐오, اشمئزاز, घृणा"
    ),
    "surprise": (
        "sur, surp, suprise, suprised, surprized, surprising, amazed, astonished, shocked, "
        "überraschung, überrascht, erstaunt, surpris, étonné, étonnement, sorpresa, sorprendido, "
        "sorprendida, sorpreso, sorpresa, stupore, surpresa, surpreso, surpreendido, verrast, "
        "verrassing, zaskoczenie, zaskoczony, zdziwienie, şaşkın, şaşkınlık, şaşırmış, terkejut, "
        "kaget, ngạc nhiên, överraskad, förvåning, overrasket, удивление, удивлённый, 惊讶, 驚訝, "
        "惊喜, 吃惊, 惊奇, 驚き, 놀람, مفاجأة, دهشة, متفاجئ, आश्चर्य, हैरान"
    ),
    "contempt": (
        "contemptuous, scorn, verachtung, mépris, desprecio, disprezzo, desprezo, minachting, "
        "pogarda, küçümseme, förakt, презрение, 轻蔑, 蔑视, 輕蔑, 軽蔑, 경멸"
    ),
}
"""Words of the larger languages, as people label folders; accents and case do not count."""
_OTHERS = (
    "contempt, wink, sleepy, scream, calm, bored, boredom, confused, confusion, excited, "
    "excitement, pain, pride, proud, shame, embarrassed, interest, disappointed, tired, smirk, "
    "kiss, pout, ahegao, frustrated, thinking"
)
"""Expressions beside the usual seven that data sets have: no reason to warn."""
_PARTS = {
    "train": ("train", "training", "trainset", "trainingset", "entrenamiento"),
    "val": ("val", "valid", "validation", "validate", "dev", "valset", "publictest"),
    "test": ("test", "testing", "tests", "testset", "eval", "privatetest"),
}
_FILLER = _names(
    "face faces facial image images img imgs picture pictures pic pics photo photos class "
    "classes label labels emotion emotions expression expressions expr exp category cat "
    "folder set data dataset sample samples new crop cropped aligned gray grey grayscale rgb "
    "color colour all jpg png jpeg people person persons male female man woman men women "
    "frontal raw clean cleaned final copy kopie resized augmented aug the of x px sorted "
    "original bilder gesichter gesicht visages photos fotos caras rostros volti facce"
)
_CJK_FILLER = re.compile("的?(?:表情|图片|圖片|照片|人脸|脸|顔|画像|類|类)|的$")
_NOBODY = _names(
    "img image images imagem imagen immagine im dsc dscn dscf dsci dscn dcim pxl gopr gp "
    "mvimg burst vid video clip movie pic pics picture pict photo photos foto fotos bild "
    "bilder frame frames screenshot screen capture whatsapp whats wa signal telegram snapchat "
    "instagram facebook fb mmexport wx scan scanned face faces crop cropped aligned training "
    "train trainset publictest privatetest public private test testing val valid validation "
    "sample samples file files untitled unnamed download downloads webcam cam camera still "
    "item data dataset output out result results new copy kopie ffhq sfhq fer ferplus "
    "affectnet raf rafdb expw kaggle getty gettyimages shutterstock pexels unsplash pixabay "
    "istock istockphoto google bing baidu flickr depositphotos dreamstime alamy stock "
    "adobestock thumb thumbnail maxresdefault hqdefault index seed gen generated synthetic 图片 "
    "图像 照片 微信图片 写真 画像"
)
"""First words of file names that cameras, programs and data sets give, whoever is shown."""
_NO_PEOPLE = _names(
    "male female males females man woman men women boy girl boys girls kid kids child "
    "children adult adults young old elderly asian black white caucasian indian african "
    "latino east south west north left right front frontal profile half full side up down "
    "session sessions day take takes set sets batch part parts fold folder group seq sequence "
    "video clip camera cam light dark indoor outdoor studio wild posed spontaneous cropped "
    "crop aligned original originals raw gray grey grayscale rgb color colour images image "
    "photos photo pictures data dataset high low medium hd small large big new old backup "
    "misc other others more extra web google bing baidu flickr kaggle fer fer2013 ferplus ck "
    "ckplus jaffe kdef akdef rafd raf rafdb affectnet expw sfew afew oulu casia mmi bu3dfe "
    "bosphorus disfa yale ferg sfhq basic compound img imgs manually automatically annotated "
    "glasses mask beard level intensity weak strong mild"
)
"""Words of folders that are no people, though they hold several expressions."""
_MASKS = frozenset(("mask", "masks", "segmentation", "segmentations", "landmarks", "depth"))


@dataclass(frozen=True)
class Reading:
    """What a name says of the expression; None: the labels map leaves it out."""

    expression: str | None
    rank: int


def key(name: str) -> str:
    """A name for comparing: lower case, no accents, single blanks between its parts."""
    flat = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", name).casefold())
    latin = "".join(c for c in flat if not "\u0300" <= c <= "\u036f").replace("ı", "i")
    latin = latin.replace("ł", "l").replace("ø", "o").replace("æ", "ae")
    return " ".join(re.sub(r"[\s_.\-–()\[\]+,&#]+", " ", latin).split())


def words(name: str) -> list[str]:
    """The letters and numbers of a name in order: `HappyFaces_02` is happy, faces, 02."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+|\d+", key(apart))


def _table() -> dict[str, str]:
    found = {}
    for expression, text in _WORDS.items():
        for word in text.split(", "):
            spelled = word.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
            for form in (word, spelled):
                found[key(form)] = expression
    return {**found, **{key(word): word for word in _OTHERS.split(", ")}}


_TABLE = _table()
_OTHER_NAMES = frozenset(_OTHERS.split(", "))
_LONG_ALIASES = {a for aliases in ALIASES.values() for a in aliases if len(a) > 2}


def is_usual(expression: str) -> bool:
    """Whether a label is one of the usual seven, or another that data sets have."""
    return expression in EXPRESSIONS or expression in _OTHER_NAMES


@lru_cache(maxsize=1 << 14)
def read_expression(name: str) -> Reading | None:
    """The expression that a name stands for: alone, in another language, or among words that say
    nothing (`01_happy`, `Happy faces`); None where there is none or more than one."""
    canonical = canonical_expression(name)
    if canonical in EXPRESSIONS:
        return Reading(canonical, CODE if len(key(name)) <= 2 else SURE)
    if key(name) in _OTHER_NAMES:
        return Reading(key(name), SURE)
    whole = _TABLE.get(key(name)) or _TABLE.get(_CJK_FILLER.sub("", key(name)))
    if whole is not None:
        return Reading(whole, GUESSED)
    parts = words(name)
    found = {word: expression for word in parts if (expression := word_expression(word))}
    rest = (word for word in parts if word not in found)
    if len(set(found.values())) == 1 and all(_says_nothing(word) for word in rest):
        return Reading(next(iter(found.values())), GUESSED)
    return None


def word_expression(word: str) -> str | None:
    """The expression that a single word of a name stands for; codes of two letters do not count."""
    if word in EXPRESSIONS or word in _LONG_ALIASES:
        return canonical_expression(word)
    return _TABLE.get(word)


def nearest_expression(name: str) -> str | None:
    """A known word that looks like the name, or stands in it, for hints."""
    inside = {expression for word in words(name) if (expression := word_expression(word))}
    if len(inside) == 1:
        return inside.pop()
    known = [*EXPRESSIONS, *_LONG_ALIASES, *_TABLE]
    near = difflib.get_close_matches(key(name), known, n=1, cutoff=0.75)
    return None if not near else word_expression(near[0]) or canonical_expression(near[0])


def _says_nothing(word: str) -> bool:
    return word.isdigit() or len(word) == 1 or word in _FILLER or word in _PART_WORDS


_PART_WORDS = {word: part for part, known in _PARTS.items() for word in known}


@lru_cache(maxsize=1 << 14)
def part_of(name: str) -> str | None:
    """Which of train, val and test a name stands for: `Train`, `test_set`, `PublicTest`."""
    joined = key(name).replace(" ", "")
    if joined in _PART_WORDS:
        return _PART_WORDS[joined]
    parts = words(name)
    found = {_PART_WORDS[word] for word in parts if word in _PART_WORDS}
    rest = (word for word in parts if word not in _PART_WORDS)
    fits = all(_says_nothing(word) or word_expression(word) for word in rest)
    return next(iter(found)) if len(found) == 1 and fits else None


def code_of(name: str) -> int | None:
    """The number that a name is, such as `3`, `class001` or `label_7`."""
    parts = words(name)
    numbers = [word for word in parts if word.isdigit()]
    rest = (word for word in parts if not word.isdigit())
    if len(numbers) == 1 and numbers[0].isascii() and all(word in _FILLER for word in rest):
        return int(numbers[0])
    return None


def are_numbered(names: Iterable[str]) -> bool:
    """Whether names differ in their number alone: `p0`, `p1`, `p2`."""
    stems = {re.sub(r"\d+", "#", key(name)) for name in names}
    return len(stems) == 1 and "#" in next(iter(stems))


def is_filler(name: str) -> bool:
    """Whether a name tells nothing of what a folder holds: `images`, `Dataset`."""
    return bool(words(name)) and all(word in _FILLER for word in words(name))


def are_masks(folder: str) -> bool:
    """Whether a folder holds no photos but what belongs to them."""
    return key(folder) in _MASKS


@lru_cache(maxsize=1 << 14)
def is_nobody(name: str) -> bool:
    """Whether a part of a file's name is no person's: a camera's, a date, a hash, an expression."""
    parts = words(name)
    letters = [word for word in parts if not word.isdigit()]
    joined = re.sub(r"[\s\-]", "", name)
    return bool(
        not parts
        or re.fullmatch(r"(?:19|20)\d{6}|\d{9,}", joined)
        or re.fullmatch(r"[0-9a-fA-F]{12,}", joined)
        or re.fullmatch(r"[pP]\d{6,}", joined)
        or (len(joined) > 24 and re.search(r"\d", joined) and re.search(r"[a-zA-Z]", joined))
        or (letters and letters[0] in _NOBODY)
        or any(word_expression(word) in EXPRESSIONS for word in letters)
    )


@lru_cache(maxsize=1 << 14)
def may_be_people(folder: str) -> bool:
    """Whether a folder's name could be somebody's: no session, data set, sex, angle or year."""
    parts = words(folder)
    letters = [word for word in parts if not word.isdigit()]
    if re.fullmatch(r"(?:19|20)\d\d", folder) or not parts:
        return False
    return not letters or not all(word in _NO_PEOPLE for word in letters)
