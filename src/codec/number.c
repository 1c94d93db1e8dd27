/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of JSON as decimals.
 *
 * RFC 8785 reads a number as a double and prints the shortest digits that read back as the same double. We
 * refuse a number whose value is changed by that. What remains can be printed from its own digits, so that
 * floating point is met in one question only: what would ECMAScript print for this double?
 *
 * No decimal point is ever given to strtod or taken from snprintf, so the locale has no say.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/json_inner.h"

/* Any decimal of up to 15 digits, in the range of normal doubles, survives the way to a double and back. */
#define SURVIVING_DIGITS 15
#define SURVIVING_POINT 300
/* No finite double has its point further out. */
#define POINT_MAX 400

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* At least one digit, then as many as there are; NULL if there is none. */
static const uint8_t *scan_digits(const uint8_t *at, const uint8_t *end)
{
    return at < end && is_digit(*at) ? skip_digits(at, end) : NULL;
}

const uint8_t *cty_number_scan(const uint8_t *at, const uint8_t *end)
{
    if (at < end && *at == '-')
        at++;
    if (at < end && *at == '0')
        at++;
    else if (!(at = scan_digits(at, end)))
        return NULL;
    if (at < end && *at == '.' && !(at = scan_digits(at + 1, end)))
        return NULL;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = scan_digits(at, end);
    }
    return at;
}

/* The exponent of a literal, from behind its 'e'; far beyond any double it stops growing. */
static int64_t exponent_parse(const uint8_t *at, const uint8_t *end)
{
    int64_t exponent = 0;
    bool negative = at < end && *at == '-';
    if (at < end && !is_digit(*at))
        at++;
    for (; at < end; at++) {
        if (exponent < INT64_C(1) << 50)
            exponent = exponent * 10 + (*at - '0');
    }
    return negative ? -exponent : exponent;
}

/*
 * Takes the literal apart: digits without zeros at either end, and the place of the point. More digits
 * than a double can have, or a point further out, is BAD_NUMBER.
 */
custody_err cty_number_read(struct cty_bytes literal, struct cty_decimal *ret_decimal)
{
    struct cty_decimal *d = ret_decimal;
    const uint8_t *at = literal.data, *end = literal.data + literal.size;
    int64_t point = 0, zeros = 0;
    bool behind_point = false;
    *d = (struct cty_decimal){.negative = at < end && *at == '-'};
    for (at += d->negative; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            behind_point = true;
            continue;
        }
        if (*at == '0') {
            zeros++;
            point += d->count == 0 ? (behind_point ? -1 : 0) : !behind_point;
            continue;
        }
        if (d->count == 0)
            zeros = 0;
        if (zeros >= CTY_DECIMAL_DIGITS_MAX || d->count + (uint32_t)zeros >= CTY_DECIMAL_DIGITS_MAX)
            return CUSTODY_E_BAD_NUMBER;
        for (; zeros > 0; zeros--)
            d->digits[d->count++] = '0';
        d->digits[d->count++] = (char)*at;
        point += !behind_point;
    }
    if (d->count == 0)
        return CUSTODY_OK;
    if (at < end)
        point += exponent_parse(at + 1, end);
    if (point > POINT_MAX || point < -POINT_MAX)
        return CUSTODY_E_BAD_NUMBER;
    d->point = (int32_t)point;
    return CUSTODY_OK;
}

/* The double nearest to the decimal, ties to even; infinite if it is beyond all. */
static double decimal_double(const struct cty_decimal *d)
{
    char text[CTY_DECIMAL_DIGITS_MAX + 16];
    if (d->count == 0)
        return 0;
    snprintf(text, sizeof(text), "%s%.*se%d", d->negative ? "-" : "", (int)d->count, d->digits,
             (int)(d->point - (int32_t)d->count));
    return strtod(text, NULL);
}

static void decimal_trim(struct cty_decimal *d)
{
    while (d->count && d->digits[d->count - 1] == '0')
        d->count--;
}

/* The double rounded to `count` digits; from "d.ddde+xx" only the digits and the exponent are taken. */
static void decimal_round(double number, uint32_t count, struct cty_decimal *d)
{
    char text[CTY_DECIMAL_DIGITS_MAX + 32];
    snprintf(text, sizeof(text), "%.*e", (int)count - 1, number);
    const char *at = text;
    *d = (struct cty_decimal){.negative = *at == '-'};
    for (; *at && *at != 'e'; at++) {
        if (is_digit((uint8_t)*at) && d->count < count)
            d->digits[d->count++] = *at;
    }
    d->point = *at ? (int32_t)strtol(at + 1, NULL, 10) + 1 : 0;
    decimal_trim(d);
}

/* Raises the decimal's size by one in its digit number `count`; the digits behind it are 0 by rounding. */
static void decimal_raise(struct cty_decimal *d, uint32_t count)
{
    while (d->count < count)
        d->digits[d->count++] = '0';
    uint32_t at = count;
    while (at && d->digits[at - 1] == '9')
        d->digits[--at] = '0';
    if (at) {
        d->digits[at - 1]++;
    } else {
        d->digits[0] = '1';
        d->point++;
    }
    decimal_trim(d);
}

/*
 * Tries `count` digits. The nearest decimal fails where a farther one succeeds only at a power of two,
 * where the doubles below lie closer together than those above: there the next larger one is tried.
 */
static bool decimal_try(double number, uint32_t count, struct cty_decimal *d)
{
    decimal_round(number, count, d);
    if (decimal_double(d) == number)
        return true;
    decimal_raise(d, count);
    return decimal_double(d) == number;
}

/* Up to 15 digits a decimal that reads back is the only one, so that fewer need not be tried one by one. */
void cty_number_shortest(double number, struct cty_decimal *ret_decimal)
{
    *ret_decimal = (struct cty_decimal){0};
    if (number == 0)
        return;
    bool normal = __builtin_isnormal(number);
    uint32_t count = normal ? SURVIVING_DIGITS : 1;
    while (!decimal_try(number, count, ret_decimal) && count < CTY_DECIMAL_DIGITS_MAX)
        count++;
}

static bool decimal_equal(const struct cty_decimal *a, const struct cty_decimal *b)
{
    return a->count == b->count && (a->count == 0 || (a->negative == b->negative && a->point == b->point)) &&
           memcmp(a->digits, b->digits, a->count) == 0;
}

custody_err cty_number_check(struct cty_bytes literal)
{
    struct cty_decimal written, printed;
    CTY_TRY(cty_number_read(literal, &written));
    bool near = written.point < SURVIVING_POINT && written.point > -SURVIVING_POINT;
    if (written.count <= SURVIVING_DIGITS && near)
        return CUSTODY_OK;
    double number = decimal_double(&written);
    if (!__builtin_isfinite(number))
        return CUSTODY_E_BAD_NUMBER;
    cty_number_shortest(number, &printed);
    return decimal_equal(&written, &printed) ? CUSTODY_OK : CUSTODY_E_BAD_NUMBER;
}

static custody_err put_zeros(struct cty_buf *out, int32_t count)
{
    for (; count > 0; count--)
        CTY_TRY(cty_buf_put_byte(out, '0'));
    return CUSTODY_OK;
}

/* Digits with the point inside, or far enough right that zeros fill the gap. */
static custody_err put_plain(struct cty_buf *out, const struct cty_decimal *d)
{
    int32_t count = (int32_t)d->count;
    if (d->point >= count) {
        CTY_TRY(cty_buf_put(out, d->digits, d->count));
        return put_zeros(out, d->point - count);
    }
    if (d->point > 0) {
        CTY_TRY(cty_buf_put(out, d->digits, (size_t)d->point));
        CTY_TRY(cty_buf_put_byte(out, '.'));
        return cty_buf_put(out, d->digits + d->point, (size_t)(count - d->point));
    }
    CTY_TRY(cty_buf_put_text(out, "0."));
    CTY_TRY(put_zeros(out, -d->point));
    return cty_buf_put(out, d->digits, d->count);
}

static custody_err put_exponential(struct cty_buf *out, const struct cty_decimal *d)
{
    int32_t exponent = d->point - 1;
    CTY_TRY(cty_buf_put(out, d->digits, 1));
    if (d->count > 1) {
        CTY_TRY(cty_buf_put_byte(out, '.'));
        CTY_TRY(cty_buf_put(out, d->digits + 1, d->count - 1));
    }
    CTY_TRY(cty_buf_put_text(out, exponent < 0 ? "e-" : "e+"));
    return cty_buf_put_u64(out, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

custody_err cty_number_put(struct cty_buf *out, const struct cty_decimal *decimal)
{
    if (decimal->count == 0)
        return cty_buf_put_byte(out, '0');
    if (decimal->negative)
        CTY_TRY(cty_buf_put_byte(out, '-'));
    if (decimal->point > 21 || decimal->point <= -6)
        return put_exponential(out, decimal);
    return put_plain(out, decimal);
}
