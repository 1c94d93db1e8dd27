/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether one glob covers another, against what both match: all globs of up to four places over {a, b, ?, *} and all
 * texts of up to five bytes over {a, b, c}, where c stands for every byte that no glob names.
 */
#include "codec/text.h"
#include "unit/support.h"

#define SHORT_GLOBS (1 + 4 + 16 + 64)
#define GLOBS (SHORT_GLOBS + 256)
#define TEXTS (1 + 3 + 9 + 27 + 81 + 243)
#define WORDS ((TEXTS + 63) / 64)

struct word {
    char bytes[8];
};

static struct {
    struct word text;
    uint64_t matches[WORDS]; /* a bit for each text */
} globs[GLOBS];
static struct word texts[TEXTS];

/* The word number `number` over the alphabet, shorter ones first. */
static struct word word_make(const char *alphabet, size_t number)
{
    struct word word = {{0}};
    size_t letters = strlen(alphabet), size = 0, of_size = 1;
    for (; number >= of_size; size++) {
        number -= of_size;
        of_size *= letters;
    }
    for (size_t i = 0; i < size; i++) {
        word.bytes[i] = alphabet[number % letters];
        number /= letters;
    }
    return word;
}

static struct cty_bytes bytes_of(const struct word *word)
{
    return cty_bytes_text(word->bytes);
}

static int make_all(void **state)
{
    (void)state;
    for (size_t t = 0; t < TEXTS; t++)
        texts[t] = word_make("abc", t);
    for (size_t g = 0; g < GLOBS; g++) {
        globs[g].text = word_make("ab?*", g);
        for (size_t t = 0; t < TEXTS; t++) {
            if (cty_glob_match(bytes_of(&globs[g].text), bytes_of(&texts[t])))
                globs[g].matches[t / 64] |= (uint64_t)1 << (t % 64);
        }
    }
    return 0;
}

static bool matches_all_of(size_t outer, size_t inner)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (globs[inner].matches[i] & ~globs[outer].matches[i])
            return false;
    }
    return true;
}

static bool covers(size_t outer, size_t inner)
{
    return cty_glob_covers(bytes_of(&globs[outer].text), bytes_of(&globs[inner].text));
}

static void the_enumeration_is_whole(void **state)
{
    (void)state;
    assert_string_equal(globs[0].text.bytes, "");
    assert_string_equal(globs[GLOBS - 1].text.bytes, "****");
    assert_string_equal(texts[TEXTS - 1].bytes, "ccccc");
    for (size_t g = 0; g < GLOBS; g++) {
        for (size_t h = 0; h < g; h++)
            assert_string_not_equal(globs[g].text.bytes, globs[h].text.bytes);
    }
}

/* The one way that matters: what is handed on never grows. */
static void what_is_said_to_cover_does(void **state)
{
    (void)state;
    size_t said = 0;
    for (size_t outer = 0; outer < GLOBS; outer++) {
        for (size_t inner = 0; inner < GLOBS; inner++) {
            if (!covers(outer, inner))
                continue;
            said++;
            if (!matches_all_of(outer, inner))
                fail_msg("'%s' does not cover '%s'", globs[outer].text.bytes, globs[inner].text.bytes);
        }
    }
    assert_true(said > GLOBS);
}

/*
 * The other way, but where the header says: a star beside a question mark. Of globs of up to three places, since five
 * bytes tell longer ones apart no more: '*a??' matches all that 'aaa*' does, up to there.
 */
static void what_covers_is_seen(void **state)
{
    (void)state;
    for (size_t outer = 0; outer < SHORT_GLOBS; outer++) {
        if (strstr(globs[outer].text.bytes, "*?") || strstr(globs[outer].text.bytes, "?*"))
            continue;
        for (size_t inner = 0; inner < SHORT_GLOBS; inner++) {
            if (matches_all_of(outer, inner) && !covers(outer, inner))
                fail_msg("'%s' covers '%s'", globs[outer].text.bytes, globs[inner].text.bytes);
        }
    }
}

static void every_glob_covers_itself(void **state)
{
    (void)state;
    for (size_t g = 0; g < GLOBS; g++)
        assert_true(covers(g, g));
}

/* A word is a glob that matches itself alone. */
static void a_word_is_covered_where_it_is_matched(void **state)
{
    (void)state;
    for (size_t outer = 0; outer < GLOBS; outer++) {
        for (size_t t = 0; t < TEXTS; t++)
            assert_int_equal(cty_glob_covers(bytes_of(&globs[outer].text), bytes_of(&texts[t])),
                             (globs[outer].matches[t / 64] >> (t % 64)) & 1);
    }
}

static void examples(void **state)
{
    (void)state;
    static const struct {
        const char *outer;
        const char *inner;
        bool covers;
    } cases[] = {
        {"*", "*", true},           {"*", "refund", true},       {"*", "refund.*", true},     {"*", "", true},
        {"refund.*", "refund.eu.*", true}, {"refund.*", "refund.?", true}, {"refund.*", "refund.", true},
        {"refund-?", "refund-a", true}, {"re*nd", "re*fu*nd", true}, {"a*c", "abc", true}, {"**", "*", true},
        {"refund", "refund", true}, {"", "", true},              {"a?c", "a?c", true},        {"*-eu", "pay*-eu", true},
        {"refund.?", "refund.*", false}, {"refund.eu.*", "refund.*", false}, {"refund", "*", false},
        {"refund", "refund.*", false}, {"?", "*", false},        {"a", "?", false},           {"", "*", false},
        {"a?c", "a*c", false},      {"Refund", "refund", false}, {"*b", "*", false},          {"a*", "*a", false},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(cases); i++) {
        if (cty_glob_covers(cty_bytes_text(cases[i].outer), cty_bytes_text(cases[i].inner)) != cases[i].covers)
            fail_msg("'%s', '%s'", cases[i].outer, cases[i].inner);
    }
}

/* As with matching: one walk, however many stars. */
static void it_is_not_exponential(void **state)
{
    (void)state;
    char outer[65], inner[4096];
    for (size_t i = 0; i < 64; i++)
        outer[i] = i % 2 ? 'a' : '*';
    outer[63] = 'b';
    for (size_t i = 0; i < sizeof(inner); i++)
        inner[i] = i % 2 ? 'a' : '*';
    assert_false(cty_glob_covers(cty_bytes_make(outer, 64), cty_bytes_make(inner, sizeof(inner))));
    inner[sizeof(inner) - 1] = 'b';
    assert_true(cty_glob_covers(cty_bytes_make(outer, 64), cty_bytes_make(inner, sizeof(inner))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_enumeration_is_whole),
        cmocka_unit_test(what_is_said_to_cover_does),
        cmocka_unit_test(what_covers_is_seen),
        cmocka_unit_test(every_glob_covers_itself),
        cmocka_unit_test(a_word_is_covered_where_it_is_matched),
        cmocka_unit_test(examples),
        cmocka_unit_test(it_is_not_exponential),
    };
    return cmocka_run_group_tests(tests, make_all, NULL);
}
