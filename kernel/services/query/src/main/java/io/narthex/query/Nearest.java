package io.narthex.query;

import io.narthex.model.Labels;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/** Finds the texts most like another one: by what they begin with, contain, and differ in. */
final class Nearest {
  /** Longer texts are compared by their first characters. */
  private static final int COMPARED = 128;

  private static final int FAR = 1 << 20;

  private Nearest() {}

  private record Scored(String text, int score) {}

  /**
   * Returns the most similar texts, best first; those that have little in common are left out.
   *
   * @param late stops the search
   */
  static List<String> of(String wanted, List<String> texts, int most, BooleanSupplier late) {
    String lower = cut(wanted);
    List<Scored> found = new ArrayList<>();
    int n = 0;
    for (String text : texts) {
      if (++n % 256 == 0 && late.getAsBoolean()) {
        break;
      }
      int score = score(lower, cut(text));
      if (score < FAR && !text.equals(wanted)) {
        found.add(new Scored(text, score));
        if (found.size() > 1_000) {
          keep(found, most);
        }
      }
    }
    keep(found, most);
    return found.stream().map(Scored::text).toList();
  }

  private static void keep(List<Scored> found, int most) {
    found.sort(
        Comparator.comparingInt(Scored::score)
            .thenComparing(Scored::text, Labels::compareCodePoints));
    if (found.size() > most) {
      found.subList(most, found.size()).clear();
    }
  }

  private static String cut(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return lower.length() > COMPARED ? lower.substring(0, COMPARED) : lower;
  }

  /** Returns how far apart two texts are: one within the other is near, and a few edits are. */
  private static int score(String a, String b) {
    if (a.isEmpty() || b.isEmpty()) {
      return FAR;
    }
    int longest = Math.max(a.length(), b.length());
    int apart = Math.abs(a.length() - b.length());
    int most = Math.max(1, longest / 3);
    if (b.startsWith(a) || a.startsWith(b)) {
      return Math.min(apart, most);
    }
    if (Math.min(a.length(), b.length()) >= 3 && (b.contains(a) || a.contains(b))) {
      return Math.min(apart + 1, most + 1);
    }
    if (apart > most) {
      return FAR;
    }
    int d = distance(a, b, most);
    return d > most ? FAR : d;
  }

  /** Returns the edits from one text to the other, two exchanged neighbours counting as one. */
  private static int distance(String a, String b, int most) {
    int[] before = new int[b.length() + 1];
    int[] last = new int[b.length() + 1];
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      row[0] = i;
      int least = i;
      for (int j = 1; j <= b.length(); j++) {
        int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int d = Math.min(last[j - 1] + same, Math.min(last[j], row[j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d = Math.min(d, before[j - 2] + 1);
        }
        row[j] = d;
        least = Math.min(least, d);
      }
      if (least > most) {
        return least;
      }
      int[] free = before;
      before = last;
      last = row;
      row = free;
    }
    return last[b.length()];
  }
}
