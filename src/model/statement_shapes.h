/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/model only: the tables that statement.c and policy.c walk. */
#ifndef CTY_MODEL_STATEMENT_SHAPES_H
#define CTY_MODEL_STATEMENT_SHAPES_H

#include "model/policy.h"

extern const struct cty_shape cty_shape_common;
extern const struct cty_shape cty_shapes[CTY_TYPE_COUNT];

#endif
