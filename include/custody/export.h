/* SPDX-License-Identifier: Apache-2.0 */
/* Marks what libcustody exports; everything else is hidden. */
#ifndef CUSTODY_EXPORT_H
#define CUSTODY_EXPORT_H

#if defined(__GNUC__)
#define CUSTODY_EXPORT __attribute__((visibility("default")))
#define CUSTODY_MUST_USE __attribute__((warn_unused_result))
#define CUSTODY_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CUSTODY_EXPORT
#define CUSTODY_MUST_USE
#define CUSTODY_PRINTF(fmt, args)
#endif

#endif
