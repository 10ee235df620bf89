package io.narthex.promql;

import org.antlr.v4.runtime.ParserRuleContext;
import org.antlr.v4.runtime.Token;
import org.jspecify.annotations.Nullable;

/** Converts offsets in a Java string into byte offsets of its UTF-8 form. */
final class Positions {
  /** Byte offset of each char, or null when all are ASCII. */
  private final int @Nullable [] offsets;

  Positions(String text) {
    boolean ascii = true;
    for (int i = 0; i < text.length() && ascii; i++) {
      ascii = text.charAt(i) < 0x80;
    }
    if (ascii) {
      offsets = null;
      return;
    }
    int[] at = new int[text.length() + 1];
    for (int i = 0; i < text.length(); i++) {
      at[i + 1] = at[i] + PosRange.utf8Length(text.charAt(i));
    }
    offsets = at;
  }

  int bytes(int charIndex) {
    int[] o = offsets;
    return o == null ? charIndex : o[charIndex];
  }

  PosRange of(Token token) {
    return new PosRange(start(token), end(token));
  }

  int start(Token token) {
    return bytes(token.getStartIndex());
  }

  int end(Token token) {
    return bytes(token.getStopIndex());
  }

  PosRange of(ParserRuleContext context) {
    return new PosRange(start(context.getStart()), end(context.getStop()));
  }

  /** Returns the char at a byte offset of an ASCII text, or of the nearest char otherwise. */
  char charAt(String text, int bytePos) {
    int[] o = offsets;
    if (o == null) {
      return text.charAt(bytePos);
    }
    int at = java.util.Arrays.binarySearch(o, bytePos);
    return text.charAt(Math.min(text.length() - 1, at < 0 ? -at - 2 : at));
  }
}
