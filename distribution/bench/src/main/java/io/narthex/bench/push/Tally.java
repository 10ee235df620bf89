package io.narthex.bench.push;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Counts steps by what they try and how they are answered. Not thread-safe. */
final class Tally {
  private final TreeMap<String, TreeMap<Integer, Integer>> statuses = new TreeMap<>();
  private final TreeMap<String, Integer> reasons = new TreeMap<>();
  private int pushes;
  private int accepted;

  /** Counts a request and the answer to it. */
  void count(Request request, Reply reply) {
    statuses
        .computeIfAbsent(request.kind(), _ -> new TreeMap<>())
        .merge(reply.status(), 1, Integer::sum);
    if (request.push()) {
      pushes++;
      accepted += reply.accepted() ? 1 : 0;
      if (!reply.accepted()) {
        reasons.merge(reason(reply.body()), 1, Integer::sum);
      }
    }
  }

  /** Returns the first reason of a refusal without names and values, so that there are few. */
  private static String reason(String text) {
    if (text.isEmpty()) {
      return "(no text)";
    }
    String first = text.strip().split("\n", -1).length > 1 ? text.strip().split("\n", -1)[1] : text;
    return first
        .strip()
        .replaceFirst("^(pushed metrics are invalid|\\*)[^:]*: |^\\* ", "")
        .replaceAll("line \\d+|\\{.*}|'.*'|\"(?:[^\"\\\\]|\\\\.)*\"", "…");
  }

  /** Returns how many percent of the pushes were accepted. */
  int acceptedPercent() {
    return pushes == 0 ? 0 : 100 * accepted / pushes;
  }

  /** Returns a line for each kind. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    statuses.forEach((kind, byStatus) -> {
      StringBuilder line = new StringBuilder(kind + ':');
      byStatus.forEach((status, count) ->
          line.append(' ')
              .append(count)
              .append(status == Reply.NONE ? " not answered," : " times " + status + ','));
      lines.add(line.substring(0, line.length() - 1));
    });
    reasons.forEach((reason, count) -> lines.add("refused " + count + " times: " + reason));
    return lines;
  }
}
