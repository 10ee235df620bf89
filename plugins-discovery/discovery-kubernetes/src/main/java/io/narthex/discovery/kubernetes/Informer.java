package io.narthex.discovery.kubernetes;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.narthex.json.tree.JsonTree;
import io.narthex.spi.plugin.HttpTransport.Response;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Lists objects of one kind in one namespace, then watches them from there; lists again when the
 * server no longer knows where the watch was (410 Gone). Confined to its thread.
 */
final class Informer {
  private static final Duration LIST_TIMEOUT = Duration.ofSeconds(60);
  private static final int WATCH_SECONDS = 240;
  private static final long MAX_PAUSE_MS = 30_000;

  /** What an informer reports. */
  sealed interface Event {}

  /** All objects that exist; replaces the previous ones. */
  record Listed(Informer from, List<Object> objects) implements Event {}

  /** One object that was added, changed or deleted. */
  record Changed(Informer from, Object object, boolean gone) implements Event {}

  /** A request failed and is retried. */
  record Failed(String reason) implements Event {}

  final Kind kind;
  final String namespace;
  private final String selectors;
  private final Connection connection;
  private final BlockingQueue<Event> events;
  private String version = "";

  Informer(
      Kind kind,
      String namespace,
      String label,
      String field,
      Connection connection,
      BlockingQueue<Event> events) {
    this.kind = kind;
    this.namespace = namespace;
    this.selectors = parameter("labelSelector", label) + parameter("fieldSelector", field);
    this.connection = connection;
    this.events = events;
  }

  private static String parameter(String name, String value) {
    return value.isEmpty()
        ? ""
        : "&" + name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  void run() throws InterruptedException {
    boolean listed = false;
    boolean expired = false;
    long pause = 500;
    while (true) {
      try {
        if (!listed) {
          list(expired ? "" : "0");
          listed = true;
        }
        listed = watch();
        expired |= !listed;
        pause = 500;
      } catch (IOException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        events.put(new Failed(kind.path(namespace) + ": " + e.getMessage()));
        Thread.sleep(pause);
        pause = Math.min(MAX_PAUSE_MS, pause * 2);
      }
    }
  }

  private void list(String from) throws IOException, InterruptedException {
    String query = kind.path(namespace) + "?resourceVersion=" + from + selectors;
    try (Response response = connection.get(query, LIST_TIMEOUT)) {
      check(response);
      List<Object> objects = new ArrayList<>();
      try (JsonParser p = JsonTree.parser(response.body())) {
        if (p.nextToken() != JsonToken.START_OBJECT) {
          throw new IOException("the list is not a JSON object");
        }
        while (p.nextToken() == JsonToken.FIELD_NAME) {
          String name = p.currentName();
          JsonToken value = p.nextToken();
          if (name.equals("metadata")) {
            version = JsonTree.text(JsonTree.value(p), "resourceVersion");
          } else if (name.equals("items") && value == JsonToken.START_ARRAY) {
            while (p.nextToken() != JsonToken.END_ARRAY) {
              add(objects, JsonTree.value(p));
            }
          } else {
            p.skipChildren();
          }
        }
      }
      events.put(new Listed(this, objects));
    }
  }

  private static void add(List<Object> objects, @Nullable Object object) {
    if (object != null) {
      objects.add(object);
    }
  }

  /** Follows changes until the server ends the watch; returns whether the watch can be resumed. */
  private boolean watch() throws IOException, InterruptedException {
    String query =
        kind.path(namespace)
            + "?watch=true&allowWatchBookmarks=true&timeoutSeconds="
            + WATCH_SECONDS
            + "&resourceVersion="
            + version
            + selectors;
    try (Response response = connection.get(query, Duration.ofSeconds(WATCH_SECONDS + 30))) {
      if (response.status() == 410) {
        return false;
      }
      check(response);
      try (JsonParser p = JsonTree.parser(response.body())) {
        while (p.nextToken() != null) {
          Object event = JsonTree.value(p);
          Object object = JsonTree.at(event, "object");
          String type = JsonTree.text(event, "type");
          if (type.equals("ERROR") || object == null) {
            if (JsonTree.text(object, "code").equals("410")) {
              return false;
            }
            throw new IOException("watch ended: " + JsonTree.text(object, "message"));
          }
          String at = JsonTree.text(object, "metadata", "resourceVersion");
          if (!at.isEmpty()) {
            version = at;
          }
          if (!type.equals("BOOKMARK")) {
            events.put(new Changed(this, object, type.equals("DELETED")));
          }
        }
      }
      return true;
    }
  }

  private static void check(Response response) throws IOException {
    if (response.status() != 200) {
      String body = new String(response.body().readNBytes(300), StandardCharsets.UTF_8).strip();
      throw new IOException("the server answered with status " + response.status() + ": " + body);
    }
  }
}
