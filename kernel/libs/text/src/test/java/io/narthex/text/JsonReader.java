package io.narthex.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A small JSON reader for test data: maps, lists, strings, doubles, booleans, null. */
final class JsonReader {
  private final String s;
  private int at;

  JsonReader(String s) {
    this.s = s;
  }

  Object read() {
    blanks();
    char c = s.charAt(at);
    switch (c) {
      case '{' -> {
        Map<String, Object> map = new LinkedHashMap<>();
        at++;
        blanks();
        while (s.charAt(at) != '}') {
          String key = (String) read();
          blanks();
          at++; // colon
          map.put(key, read());
          blanks();
          if (s.charAt(at) == ',') {
            at++;
            blanks();
          }
        }
        at++;
        return map;
      }
      case '[' -> {
        List<Object> list = new ArrayList<>();
        at++;
        blanks();
        while (s.charAt(at) != ']') {
          list.add(read());
          blanks();
          if (s.charAt(at) == ',') {
            at++;
            blanks();
          }
        }
        at++;
        return list;
      }
      case '"' -> {
        return string();
      }
      default -> {
        int start = at;
        while (at < s.length() && "+-.eE0123456789truefalsn".indexOf(s.charAt(at)) >= 0) {
          at++;
        }
        String word = s.substring(start, at);
        return switch (word) {
          case "true" -> Boolean.TRUE;
          case "false" -> Boolean.FALSE;
          case "null" -> null;
          default -> Double.valueOf(word);
        };
      }
    }
  }

  private String string() {
    StringBuilder b = new StringBuilder();
    at++;
    while (s.charAt(at) != '"') {
      char c = s.charAt(at++);
      if (c != '\\') {
        b.append(c);
        continue;
      }
      char e = s.charAt(at++);
      switch (e) {
        case 'n' -> b.append('\n');
        case 't' -> b.append('\t');
        case 'r' -> b.append('\r');
        case 'b' -> b.append('\b');
        case 'f' -> b.append('\f');
        case 'u' -> {
          b.append((char) Integer.parseInt(s, at, at + 4, 16));
          at += 4;
        }
        default -> b.append(e);
      }
    }
    at++;
    return b.toString();
  }

  private void blanks() {
    while (at < s.length() && Character.isWhitespace(s.charAt(at))) {
      at++;
    }
  }
}
