package io.narthex.model.go;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * File patterns as Go's path/filepath reads them: {@code *} stands for any characters of one name,
 * {@code ?} for one, {@code [a-z]} and {@code [^a-z]} for one of a class, a backslash escapes the
 * next character. Braces have no meaning, and {@code **} is the same as {@code *}; the patterns of
 * {@link java.nio.file.FileSystem#getPathMatcher} differ in both, and in how a class is negated.
 */
public final class GoGlob {
  private GoGlob() {}

  /** Returns whether a pattern has wildcards or escapes; if not, it names one file. */
  public static boolean isPattern(String pattern) {
    return pattern.chars().anyMatch(c -> c == '*' || c == '?' || c == '[' || c == '\\');
  }

  /**
   * Returns the sorted files and folders that match a pattern, without following links. Every part
   * of the path may have wildcards; a pattern without any matches the file itself if it exists.
   *
   * @param folder the folder that a relative pattern is relative to, taken literally
   * @throws IllegalArgumentException when the pattern is malformed
   * @throws IOException when a folder cannot be listed; one that does not exist has no files
   */
  public static List<Path> expand(Path folder, String pattern) throws IOException {
    Path parts = Path.of(pattern);
    Path root = parts.getRoot();
    List<Path> found = new ArrayList<>(List.of(root == null ? folder : root));
    for (Path part : parts) {
      String name = part.toString();
      boolean literal = !isPattern(name);
      if (!literal) {
        boolean unused = matches(name, ""); // refuses a malformed pattern before files are listed
      }
      List<Path> next = new ArrayList<>();
      for (Path p : found) {
        if (literal) {
          next.add(p.resolve(name));
        } else {
          list(p, name, next);
        }
      }
      found = next;
    }
    found.removeIf(p -> !Files.exists(p, LinkOption.NOFOLLOW_LINKS));
    return found;
  }

  private static void list(Path folder, String pattern, List<Path> out) throws IOException {
    List<Path> matching = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        if (matches(pattern, String.valueOf(entry.getFileName()))) {
          matching.add(entry);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return; // it may be created later
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    matching.sort(null);
    out.addAll(matching);
  }

  /**
   * Returns whether a pattern matches a whole name. Takes time up to the product of their lengths.
   *
   * @param name without separators
   * @throws IllegalArgumentException when any part of the pattern is malformed
   */
  public static boolean matches(String pattern, String name) {
    check(pattern);
    int p = 0;
    int n = 0;
    int star = -1; // position after the last star, and where in the name it was tried last
    int retry = 0;
    while (n < name.length()) {
      int next = p < pattern.length() && pattern.charAt(p) != '*' ? one(pattern, p, name, n) : -1;
      if (p < pattern.length() && pattern.charAt(p) == '*') {
        star = ++p;
        retry = n;
      } else if (next >= 0) {
        p = next;
        n += Character.charCount(name.codePointAt(n));
      } else if (star >= 0) {
        p = star;
        retry += Character.charCount(name.codePointAt(retry));
        n = retry;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == '*') {
      p++;
    }
    return p == pattern.length();
  }

  /** Returns the position after the element at {@code p} when it matches a character, else -1. */
  private static int one(String pattern, int p, String name, int n) {
    int c = name.codePointAt(n);
    int first = pattern.codePointAt(p);
    return switch (first) {
      case '?' -> p + 1;
      case '[' -> {
        int end = classEnd(pattern, p);
        yield inClass(pattern, p, end, c) ? end : -1;
      }
      case '\\' -> {
        int escaped = pattern.codePointAt(p + 1);
        yield escaped == c ? p + 1 + Character.charCount(escaped) : -1;
      }
      default -> first == c ? p + Character.charCount(first) : -1;
    };
  }

  private static boolean inClass(String pattern, int from, int end, int c) {
    int p = from + 1;
    boolean negated = pattern.charAt(p) == '^';
    if (negated) {
      p++;
    }
    boolean in = false;
    while (p < end - 1) {
      int at = p;
      int low = member(pattern, at);
      p = afterMember(pattern, at);
      int high = low;
      if (pattern.charAt(p) == '-') {
        high = member(pattern, p + 1);
        p = afterMember(pattern, p + 1);
      }
      in |= low <= c && c <= high;
    }
    return in != negated;
  }

  private static int member(String pattern, int at) {
    return pattern.codePointAt(pattern.charAt(at) == '\\' ? at + 1 : at);
  }

  private static int afterMember(String pattern, int at) {
    int from = pattern.charAt(at) == '\\' ? at + 1 : at;
    return from + Character.charCount(pattern.codePointAt(from));
  }

  private static void check(String pattern) {
    for (int p = 0; p < pattern.length(); p++) {
      char c = pattern.charAt(p);
      if (c == '[') {
        p = classEnd(pattern, p) - 1;
      } else if (c == '\\' && ++p == pattern.length()) {
        throw malformed(pattern);
      }
    }
  }

  /** Returns the position after the class that begins at {@code from}. */
  private static int classEnd(String pattern, int from) {
    int p = from + 1;
    if (p < pattern.length() && pattern.charAt(p) == '^') {
      p++;
    }
    boolean any = false;
    while (true) {
      if (p < pattern.length() && pattern.charAt(p) == ']' && any) {
        return p + 1;
      }
      p = checkedMember(pattern, p);
      if (p < pattern.length() && pattern.charAt(p) == '-') {
        p = checkedMember(pattern, p + 1);
      }
      any = true;
    }
  }

  private static int checkedMember(String pattern, int at) {
    if (at >= pattern.length()
        || pattern.charAt(at) == '-'
        || pattern.charAt(at) == ']'
        || (pattern.charAt(at) == '\\' && at + 1 >= pattern.length())) {
      throw malformed(pattern);
    }
    int after = afterMember(pattern, at);
    if (after >= pattern.length()) {
      throw malformed(pattern);
    }
    return after;
  }

  private static IllegalArgumentException malformed(String pattern) {
    return new IllegalArgumentException("syntax error in pattern " + GoString.quote(pattern));
  }
}
