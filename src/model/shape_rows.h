/* SPDX-License-Identifier: Apache-2.0 */
/* Short forms for the rows of shape tables; included by the C files that hold such tables, and by nothing else. */
#ifndef CTY_MODEL_SHAPE_ROWS_H
#define CTY_MODEL_SHAPE_ROWS_H

#include "base/check.h"
#include "model/shape.h"

/* One row each; `S` is the struct that the offsets are in. */
#define U64(S, member, label) {.name = label, .kind = CTY_FIELD_U64, .offset = offsetof(S, member)}
#define OPT_U64(S, member, label)                                                                      \
    {.name = label, .kind = CTY_FIELD_U64, .flags = CTY_OPTIONAL, .offset = offsetof(S, member)}
#define U64_MAX(S, member, label, most)                                                                \
    {.name = label, .kind = CTY_FIELD_U64, .offset = offsetof(S, member), .max = (most)}
#define OPT_U64_MAX(S, member, label, most)                                                            \
    {.name = label, .kind = CTY_FIELD_U64, .flags = CTY_OPTIONAL, .offset = offsetof(S, member), .max = (most)}
#define OPT_BOOL(S, member, label)                                                                     \
    {.name = label, .kind = CTY_FIELD_BOOL, .flags = CTY_OPTIONAL, .offset = offsetof(S, member)}
#define TEXT(S, member, label, grammar)                                                                \
    {.name = label, .kind = CTY_FIELD_TEXT, .offset = offsetof(S, member), .text = CTY_TEXT_##grammar}
#define OPT_TEXT(S, member, label, grammar)                                                            \
    {.name = label, .kind = CTY_FIELD_TEXT, .flags = CTY_OPTIONAL, .offset = offsetof(S, member),      \
     .text = CTY_TEXT_##grammar}
#define HASH(S, member, label) {.name = label, .kind = CTY_FIELD_HASH, .offset = offsetof(S, member)}
#define OPT_HASH(S, member, label)                                                                     \
    {.name = label, .kind = CTY_FIELD_HASH, .flags = CTY_OPTIONAL, .offset = offsetof(S, member)}
#define COMMIT(S, member, label)                                                                       \
    {.name = label, .kind = CTY_FIELD_HASH, .flags = CTY_COMMITMENT, .offset = offsetof(S, member)}
#define OPT_COMMIT(S, member, label)                                                                   \
    {.name = label, .kind = CTY_FIELD_HASH, .flags = CTY_COMMITMENT | CTY_OPTIONAL,                    \
     .offset = offsetof(S, member)}
#define BITS(S, member, label) {.name = label, .kind = CTY_FIELD_BITS128, .offset = offsetof(S, member)}
#define OPT_BITS(S, member, label)                                                                     \
    {.name = label, .kind = CTY_FIELD_BITS128, .flags = CTY_OPTIONAL, .offset = offsetof(S, member)}
#define ENUM(S, member, label, words)                                                                  \
    {.name = label, .kind = CTY_FIELD_ENUM, .offset = offsetof(S, member), .names = (words)}
#define OPT_ENUM(S, member, label, words)                                                              \
    {.name = label, .kind = CTY_FIELD_ENUM, .flags = CTY_OPTIONAL, .offset = offsetof(S, member),      \
     .names = (words)}
#define OBJECT(S, member, label, sub)                                                                  \
    {.name = label, .kind = CTY_FIELD_OBJECT, .offset = offsetof(S, member), .shape = &(sub)}
#define OPT_OBJECT(S, member, label, sub)                                                              \
    {.name = label, .kind = CTY_FIELD_OBJECT, .flags = CTY_OPTIONAL, .offset = offsetof(S, member),    \
     .shape = &(sub)}
#define OBJECTS(S, member, label, sub, least, most)                                                    \
    {.name = label, .kind = CTY_FIELD_OBJECT, .flags = CTY_LIST, .offset = offsetof(S, member),        \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(((S *)0)->member[0]),               \
     .list_min = (least), .list_max = (most), .shape = &(sub)}
#define HASHES(S, member, label, most)                                                                 \
    {.name = label, .kind = CTY_FIELD_HASH, .flags = CTY_LIST, .offset = offsetof(S, member),          \
     .count_offset = offsetof(S, member##_count), .stride = sizeof(struct cty_hash), .list_max = (most)}
#define NAMES(S, member, label, grammar, least, most)                                                  \
    {.name = label, .kind = CTY_FIELD_TEXT, .flags = CTY_LIST, .offset = offsetof(S, member.names),    \
     .count_offset = offsetof(S, member.count), .stride = sizeof(struct cty_bytes), .list_min = (least),\
     .list_max = (most), .text = CTY_TEXT_##grammar}
#define OPT_NAMES(S, member, label, grammar, most)                                                     \
    {.name = label, .kind = CTY_FIELD_TEXT, .flags = CTY_LIST | CTY_OPTIONAL,                          \
     .offset = offsetof(S, member.names), .count_offset = offsetof(S, member.count),                   \
     .stride = sizeof(struct cty_bytes), .list_min = 1, .list_max = (most), .text = CTY_TEXT_##grammar}
#define RAW(S, member, label, checker)                                                                 \
    {.name = label, .kind = CTY_FIELD_RAW, .offset = offsetof(S, member), .check = (checker)}
#define OPT_RAW(S, member, label, checker)                                                             \
    {.name = label, .kind = CTY_FIELD_RAW, .flags = CTY_OPTIONAL, .offset = offsetof(S, member),       \
     .check = (checker)}

#endif
