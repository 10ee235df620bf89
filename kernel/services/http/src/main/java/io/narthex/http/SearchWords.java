package io.narthex.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The words of a search, and how well a text fits them. Case does not matter. Immutable. */
final class SearchWords {
  static final int MAX_LENGTH = 256;
  static final int MAX_WORDS = 8;

  /* how well a text fits, best first */
  static final int EXACT = 0;
  static final int PREFIX = 1;
  static final int WORD_START = 2;
  static final int INFIX = 3;
  static final int HELP_ONLY = 4;
  static final int NONE = 5;

  /** A word in lower case, with its parts if it has several. */
  private record Word(String text, List<String> parts) {}

  private final String whole;
  private final List<Word> words = new ArrayList<>();

  /**
   * Splits a search at white space.
   *
   * @throws ApiException when it is too long
   */
  SearchWords(String q) {
    String trimmed = q.strip();
    if (trimmed.length() > MAX_LENGTH) {
      throw new ApiException(
          ApiError.BAD_DATA,
          "q: has " + trimmed.length() + " characters; search for at most " + MAX_LENGTH);
    }
    whole = trimmed.toLowerCase(Locale.ROOT);
    if (!whole.isEmpty()) {
      String[] split = trimmed.split("\\s+", MAX_WORDS + 1);
      if (split.length > MAX_WORDS) {
        throw new ApiException(
            ApiError.BAD_DATA, "q: has more than " + MAX_WORDS + " words; search for fewer");
      }
      for (String word : split) {
        List<String> parts = parts(word);
        words.add(new Word(word.toLowerCase(Locale.ROOT), parts.size() > 1 ? parts : List.of()));
      }
    }
  }

  boolean isEmpty() {
    return words.isEmpty();
  }

  /** Returns how well a name fits, or else its help. */
  int rank(String name, String help) {
    if (words.isEmpty()) {
      return PREFIX;
    }
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.equals(whole)) {
      return EXACT;
    }
    int rank = PREFIX;
    String lowerHelp = null;
    for (Word word : words) {
      int one = rankOf(word, name, lower);
      if (one == NONE && !help.isEmpty()) {
        lowerHelp = lowerHelp == null ? help.toLowerCase(Locale.ROOT) : lowerHelp;
        one = lowerHelp.contains(word.text) ? HELP_ONLY : NONE;
      }
      if (one == NONE) {
        return NONE;
      }
      rank = Math.max(rank, one);
    }
    return rank;
  }

  /** Returns how well a value fits; its label may have some of the words, but not all. */
  int rankValue(String label, String value) {
    String lower = value.toLowerCase(Locale.ROOT);
    if (lower.equals(whole)) {
      return EXACT;
    }
    int rank = PREFIX;
    boolean inValue = false;
    String lowerLabel = null;
    for (Word word : words) {
      int one = rankOf(word, value, lower);
      if (one == NONE) {
        lowerLabel = lowerLabel == null ? label.toLowerCase(Locale.ROOT) : lowerLabel;
        one = lowerLabel.contains(word.text) ? HELP_ONLY : NONE;
      } else {
        inValue = true;
      }
      if (one == NONE) {
        return NONE;
      }
      rank = Math.max(rank, one);
    }
    return inValue ? rank : NONE;
  }

  private static int rankOf(Word word, String text, String lower) {
    int at = lower.indexOf(word.text);
    if (at == 0) {
      return PREFIX;
    }
    if (at < 0) {
      return !word.parts.isEmpty() && word.parts.stream().allMatch(lower::contains) ? INFIX : NONE;
    }
    // case folding may change the length of a text; its parts are then not looked for
    boolean sameLength = text.length() == lower.length();
    for (; at >= 0; at = lower.indexOf(word.text, at + 1)) {
      if (sameLength && startsPart(text, at)) {
        return WORD_START;
      }
    }
    return INFIX;
  }

  /** Returns whether a part of a name begins: after a separator, or in the middle of camelCase. */
  private static boolean startsPart(String text, int at) {
    if (at == 0) {
      return true;
    }
    char before = text.charAt(at - 1);
    char c = text.charAt(at);
    return !Character.isLetterOrDigit(before)
        || (Character.isUpperCase(c) && !Character.isUpperCase(before))
        || (Character.isDigit(c) && !Character.isDigit(before));
  }

  private static List<String> parts(String word) {
    List<String> parts = new ArrayList<>();
    int start = 0;
    for (int i = 1; i <= word.length(); i++) {
      if (i == word.length() || startsPart(word, i) || !Character.isLetterOrDigit(word.charAt(i))) {
        String part = word.substring(start, i).toLowerCase(Locale.ROOT);
        if (part.chars().anyMatch(Character::isLetterOrDigit)) {
          parts.add(part);
        }
        start = i;
      }
    }
    return parts;
  }
}
