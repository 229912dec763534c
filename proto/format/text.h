/*
 * Text of others, made safe to look at.
 */
#ifndef EVIDENT_FORMAT_TEXT_H
#define EVIDENT_FORMAT_TEXT_H

#include "proto/format/bytes.h"

/*
 * Append ${text}: control characters, invisible ones and those that change the
 * direction of text come out as \u{HEX}, bytes that are no UTF-8 as \x{HEX}.
 * A backslash comes out twice, so that no two texts look the same. With
 * ${indent}, an LF stays and the next line begins with it, and TAB and the
 * joiners U+200C and U+200D stay.
 */
int text_escape(struct span text, const char *indent_or_null, struct buf *out);

#endif
