package io.narthex.yaml;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.scanner.Scanner;
import org.yaml.snakeyaml.scanner.ScannerException;
import org.yaml.snakeyaml.scanner.ScannerImpl;
import org.yaml.snakeyaml.tokens.Token;

/**
 * Takes tabs between the tokens of a line, as libyaml does; the library's own scanner stops at
 * them. A tab is refused where a key could begin: as indentation and after {@code -} and {@code ?}.
 *
 * <p>The scanner underneath changes nothing before it refuses a character, so it goes on when the
 * tabs have been skipped.
 */
final class TabScanner implements Scanner {
  /** How far back the character that decides about a tab is looked for. */
  private static final int MOST_BLANKS = 4096;

  private final String text;
  private final StreamReader reader;
  private final ScannerImpl scanner;
  private int @Nullable [] characters;
  private int flowDepth;

  TabScanner(String text, LoaderOptions options) {
    this.text = text;
    this.reader = new StreamReader(text);
    this.scanner = new ScannerImpl(reader, options);
  }

  @Override
  public boolean checkToken(Token.ID... choices) {
    return skippingTabs(() -> scanner.checkToken(choices));
  }

  @Override
  public Token peekToken() {
    return skippingTabs(scanner::peekToken);
  }

  @Override
  public Token getToken() {
    Token token = skippingTabs(scanner::getToken);
    switch (token.getTokenId()) {
      case FlowSequenceStart, FlowMappingStart -> flowDepth++;
      case FlowSequenceEnd, FlowMappingEnd -> flowDepth--;
      default -> {}
    }
    return token;
  }

  @Override
  public void resetDocumentIndex() {
    scanner.resetDocumentIndex();
  }

  private <T> T skippingTabs(Supplier<T> step) {
    while (true) {
      try {
        return step.get();
      } catch (ScannerException e) {
        if (reader.peek() != '\t' || !separates(reader.getIndex())) {
          throw e;
        }
        while (reader.peek() == '\t' || reader.peek() == ' ') {
          reader.forward();
        }
      }
    }
  }

  /** Returns whether the tab at an index stands between tokens; in doubt, whether YAML ends. */
  private boolean separates(int index) {
    int[] all = characters();
    if (index >= all.length || all[index] != '\t') {
      return false;
    }
    int i = before(all, index, index - MOST_BLANKS, false);
    if (i < 0 || all[i] == '\n' || all[i] == '\r') {
      return flowDepth > 0 || inFlow(all, index);
    }
    int previous = i == 0 ? '\n' : all[i - 1];
    return switch (all[i]) {
      case '-', '?' -> !blank(previous);
      case ':' -> previous != '\n' && previous != '\r';
      default -> true;
    };
  }

  /** Returns whether a line that begins with a tab goes on with a list or map in brackets. */
  private static boolean inFlow(int[] all, int index) {
    int last = before(all, index, index - MOST_BLANKS, true);
    if (last >= 0 && "[{,".indexOf(all[last]) >= 0) {
      return true;
    }
    int next = index;
    while (next < all.length && (all[next] == '\t' || all[next] == ' ')) {
      next++;
    }
    return next < all.length && "]},".indexOf(all[next]) >= 0;
  }

  /** Returns the index of the last character before one that is no blank; -1: there is none. */
  private static int before(int[] all, int index, int least, boolean overLines) {
    int i = index - 1;
    while (i >= 0
        && i >= least
        && (all[i] == ' ' || all[i] == '\t' || (overLines && blank(all[i])))) {
      i--;
    }
    return i < least ? -1 : i;
  }

  private static boolean blank(int c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  }

  private int[] characters() {
    int[] all = characters;
    if (all == null) {
      all = text.codePoints().toArray();
      characters = all;
    }
    return all;
  }
}
