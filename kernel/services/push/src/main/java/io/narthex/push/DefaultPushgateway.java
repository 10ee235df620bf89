package io.narthex.push;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.ExpositionWriter.Format;
import io.narthex.exposition.family.Families;
import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.SeriesLabels;
import io.narthex.exposition.family.TextReader;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.push.GroupPath.BadPathException;
import io.narthex.service.config.ConfigService;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.ReloadListener;
import io.narthex.service.config.ReloadStage;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.service.push.PushSettings;
import io.narthex.service.push.PushgatewayService;
import io.narthex.service.server.ServerInfo;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's Pushgateway: reads paths and bodies, and keeps the groups in a {@link PushStore}.
 */
@Component(service = {PushgatewayService.class, ReloadListener.class, MetricCollector.class})
public final class DefaultPushgateway
    implements PushgatewayService, ReloadListener, MetricCollector {
  private static final Logger LOG = LoggerFactory.getLogger(DefaultPushgateway.class);
  private static final String FILE = "push/groups.log";
  private static final String INCONSISTENT =
      "pushed metrics are invalid or inconsistent with existing metrics: ";
  private static final String MESSAGES = "application/vnd.google.protobuf";
  private static final String TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=";

  private final PushStore store;

  /** Opens the store in the server's folder for state. */
  @Activate
  public DefaultPushgateway(@Reference ServerInfo server, @Reference ConfigService config)
      throws IOException {
    this(
        new PushStore(
            server.stateDirectory().resolve(FILE),
            config.current().push(),
            () -> nanos(Clock.systemUTC().instant())));
  }

  DefaultPushgateway(PushStore store) {
    this.store = store;
  }

  private static long nanos(Instant time) {
    return time.getEpochSecond() * 1_000_000_000L + time.getNano();
  }

  /** Closes the file. */
  @Deactivate
  public void close() {
    try {
      store.close();
    } catch (IOException e) {
      LOG.warn("closing the file of pushed groups: {}", e.getMessage());
    }
  }

  @Override
  public String name() {
    return "push";
  }

  @Override
  public ReloadStage stage() {
    return ReloadStage.LAST;
  }

  @Override
  public void apply(ConfigSnapshot snapshot) {
    store.settings(snapshot.push());
  }

  @Override
  public PushSettings settings() {
    return store.settings();
  }

  @Override
  public Answer push(Push push) {
    PushSettings settings = settings();
    SeriesLabels key;
    Families body;
    try {
      key = GroupPath.read(push.path(), settings.utf8Names());
      body =
          isMessages(push.contentType())
              ? MessageReader.read(push.body(), push.length())
              : TextReader.read(push.body(), push.length(), settings.utf8Names());
    } catch (BadPathException e) {
      return new Answer(400, (e.isOfNoGroup() ? INCONSISTENT : "") + e.getMessage());
    } catch (ExpositionException e) {
      return new Answer(400, String.valueOf(e.getMessage()));
    }
    try {
      return switch (store.push(key, body, push.replace(), push.ttl().toNanos())) {
        case PushStore.Outcome.Taken _ -> new Answer(settings.consistencyCheck() ? 200 : 202, "");
        case PushStore.Outcome.Inconsistent i ->
            // without a check a sender is not told of timestamps either, as in the original
            settings.consistencyCheck()
                ? new Answer(400, INCONSISTENT + i.why())
                : new Answer(202, "");
        case PushStore.Outcome.Full f ->
            new Answer(413, "pushed metrics are not stored: " + f.why());
      };
    } catch (IOException e) {
      LOG.error("a push could not be stored: {}", e.toString());
      return new Answer(500, "pushed metrics could not be stored: " + e.getMessage());
    }
  }

  /** Returns whether a body is messages; all others are read as text, as the original does. */
  private static boolean isMessages(String contentType) {
    String[] parts = contentType.split(";", -1);
    if (!parts[0].strip().equalsIgnoreCase(MESSAGES)) {
      return false;
    }
    boolean families = false;
    boolean delimited = false;
    for (int i = 1; i < parts.length; i++) {
      String[] pair = parts[i].strip().split("=", 2);
      if (pair.length < 2) {
        continue;
      }
      String value = pair[1].replace("\"", "");
      switch (pair[0].toLowerCase(Locale.ROOT)) {
        case "proto" -> families = value.equals("io.prometheus.client.MetricFamily");
        case "encoding" -> delimited = value.equals("delimited");
        default -> {
          // says nothing of the form
        }
      }
    }
    return families && delimited;
  }

  @Override
  public Answer delete(String path) {
    try {
      store.delete(GroupPath.read(path, settings().utf8Names()));
    } catch (BadPathException e) {
      if (e.isOfNoGroup()) {
        return new Answer(202, "");
      }
      return new Answer(400, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      LOG.error("a group could not be deleted: {}", e.toString());
      return new Answer(500, "the group could not be deleted: " + e.getMessage());
    }
    return new Answer(202, "");
  }

  @Override
  public Answer wipe() {
    try {
      store.wipe();
    } catch (IOException e) {
      LOG.error("groups could not be deleted: {}", e.toString());
      return new Answer(500, "groups could not be deleted: " + e.getMessage());
    }
    return new Answer(202, "");
  }

  @Override
  public long bytes() {
    return store.bytes();
  }

  @Override
  public Exposed expose(@Nullable String accept) {
    Format format = Format.negotiate(accept);
    List<Family> families = Exposition.merged(store.groups());
    return switch (format) {
      case PROTOBUF, PROTOBUF_UTF8 ->
          new Exposed(
              format.contentType(), Exposition.messages(families, format == Format.PROTOBUF_UTF8));
      case TEXT_1_0_0, OPENMETRICS_1_0_0 ->
          new Exposed(TEXT_TYPE + "allow-utf-8", Exposition.text(families, true));
      case TEXT_0_0_4, OPENMETRICS_0_0_1 ->
          new Exposed(TEXT_TYPE + "underscores", Exposition.text(families, false));
    };
  }

  @Override
  public Iterable<GroupView> groups() {
    List<Group> now = store.groups();
    return () -> now.stream().map(DefaultPushgateway::view).iterator();
  }

  private static GroupView view(Group g) {
    Map<String, FamilyView> families = new TreeMap<>();
    g.exposed().forEach((name, s) -> families.put(name, Views.family(s)));
    return new GroupView(
        Views.labels(g.key()),
        g.lastSucceeded(),
        g.pushNanos() == 0 ? null : Views.time(g.pushNanos()),
        g.failureNanos() == 0 ? null : Views.time(g.failureNanos()),
        families);
  }

  @Override
  public void collect(MetricSink sink) {
    List<Group> groups = store.groups();
    gauge(sink, "narthex_push_groups", "Groups of pushed metrics.", groups.size());
    gauge(
        sink,
        "narthex_push_bytes",
        "Estimated memory of all pushed metrics; push.max_bytes is the most.",
        store.bytes());
  }

  private static void gauge(MetricSink sink, String name, String help, double value) {
    sink.family(new MetricMetadata(name, MetricType.GAUGE, help, ""));
    sink.sample(name, Labels.EMPTY, value);
  }
}
