package io.narthex.exporter.jvm.jmx;

import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.CompositeDataSupport;
import javax.management.openmbean.CompositeType;
import javax.management.openmbean.OpenDataException;
import javax.management.openmbean.OpenType;
import javax.management.openmbean.SimpleType;
import javax.management.openmbean.TabularDataSupport;
import javax.management.openmbean.TabularType;
import org.jspecify.annotations.NullUnmarked;

/** MBeans of the form of Kafka's, Tomcat's and Cassandra's, and of odd ones. */
@NullUnmarked
public final class FakeApplications {
  private final Map<ObjectName, FakeBean> beans = new LinkedHashMap<>();

  /** Makes the MBeans. */
  public FakeApplications() throws OpenDataException {
    kafka();
    tomcat();
    cassandra();
    odd();
  }

  /** Registers all. */
  public void register(MBeanServer server) throws JMException {
    for (Map.Entry<ObjectName, FakeBean> e : beans.entrySet()) {
      server.registerMBean(e.getValue(), e.getKey());
    }
  }

  /** Removes all. */
  public void unregister(MBeanServer server) throws JMException {
    for (ObjectName name : beans.keySet()) {
      server.unregisterMBean(name);
    }
  }

  private void add(String name, Object... attributes) {
    beans.put(FakeBean.name(name), new FakeBean(attributes));
  }

  private static Object[] meter(long count, double rate) {
    return new Object[] {
      "Count",
      count,
      "EventType",
      "messages",
      "FifteenMinuteRate",
      rate / 3,
      "FiveMinuteRate",
      rate / 2,
      "MeanRate",
      rate,
      "OneMinuteRate",
      rate * 2,
      "RateUnit",
      TimeUnit.SECONDS
    };
  }

  private static Object[] histogram(long count, double mean) {
    return new Object[] {
      "Count",
      count,
      "50thPercentile",
      mean,
      "75thPercentile",
      mean * 1.5,
      "99thPercentile",
      mean * 4,
      "999thPercentile",
      mean * 9,
      "Max",
      mean * 10,
      "Mean",
      mean,
      "Min",
      0.5,
      "StdDev",
      mean / 7,
      "DurationUnit",
      "microseconds",
      "RecentValues",
      new long[] {1, 2, 3}
    };
  }

  private void kafka() {
    for (String topic : List.of("orders", "bills.v2", "a_b-c")) {
      add(
          "kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec,topic=" + topic,
          meter(topic.length() * 100L, 1.25));
      add(
          "kafka.log:type=Log,name=Size,topic=" + topic + ",partition=0",
          "Value",
          12345678L * topic.length());
    }
    add("kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec", meter(900, 4.5));
    add("kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions", "Value", 0);
    add("kafka.controller:type=KafkaController,name=ActiveControllerCount", "Value", 1);
    for (String request : List.of("Produce", "FetchConsumer", "FetchFollower")) {
      add(
          "kafka.network:type=RequestMetrics,name=TotalTimeMs,request=" + request,
          histogram(77, 3.5));
      add(
          "kafka.network:type=RequestMetrics,name=RequestsPerSec,request=" + request + ",version=9",
          meter(55, 0.25));
    }
    add(
        "kafka.server:type=app-info,id=1",
        "Version",
        "3.9.0",
        "CommitId",
        "a60e31147e6b01ee",
        "StartTimeMs",
        1_700_000_000_123L);
    add(
        "kafka.consumer:type=consumer-fetch-manager-metrics,client-id=\"c,1\",topic=orders,partition=3",
        "records-lag-max",
        17.0,
        "records-lag-avg",
        Double.NaN,
        "preferred-read-replica",
        -1);
    add("kafka.server:type=kafka-metrics-count", "count", 321.0);
  }

  private void tomcat() {
    for (String port : List.of("8080", "8443")) {
      add(
          "Catalina:type=ThreadPool,name=\"http-nio-" + port + "\"",
          "currentThreadCount",
          10,
          "currentThreadsBusy",
          2,
          "maxThreads",
          200,
          "connectionCount",
          3L,
          "sSLEnabled",
          port.equals("8443"),
          "running",
          true,
          "name",
          "http-nio-" + port);
      add(
          "Catalina:type=GlobalRequestProcessor,name=\"http-nio-" + port + "\"",
          "requestCount",
          4321,
          "errorCount",
          5,
          "processingTime",
          9876L,
          "bytesSent",
          1L << 33,
          "bytesReceived",
          17L);
    }
    add(
        "Catalina:j2eeType=Servlet,WebModule=//localhost/shop,name=default,J2EEApplication=none,J2EEServer=none",
        "requestCount",
        12,
        "processingTime",
        34L,
        "loadTime",
        1L,
        "available",
        0L);
    for (String context : List.of("/", "/shop")) {
      add(
          "Catalina:type=Manager,host=localhost,context=" + context,
          "activeSessions",
          4,
          "sessionCounter",
          99L,
          "sessionCreateRate",
          0,
          "pathname",
          null);
    }
  }

  private void cassandra() {
    for (String table : List.of("users", "events_by_day")) {
      add(
          "org.apache.cassandra.metrics:type=Table,keyspace=shop,scope="
              + table
              + ",name=ReadLatency",
          histogram(1000, 250));
      add(
          "org.apache.cassandra.metrics:type=Table,keyspace=shop,scope="
              + table
              + ",name=LiveSSTableCount",
          "Value",
          7);
      add(
          "org.apache.cassandra.metrics:type=Table,keyspace=shop,scope="
              + table
              + ",name=EstimatedPartitionSizeHistogram",
          "Value",
          new long[] {0, 1, 2});
    }
    add(
        "org.apache.cassandra.metrics:type=ClientRequest,scope=Read,name=Latency",
        histogram(5000, 400));
    add("org.apache.cassandra.metrics:type=ClientRequest,scope=Read,name=Timeouts", meter(3, 0));
    add(
        "org.apache.cassandra.metrics:type=ThreadPools,path=request,scope=MutationStage,name=PendingTasks",
        "Value",
        0);
    add(
        "org.apache.cassandra.net:type=FailureDetector",
        "DownEndpointCount",
        0,
        "UpEndpointCount",
        3,
        "SimpleStates",
        Map.of("/127.0.0.1", "UP"),
        "PhiConvictThreshold",
        8.0);
    add(
        "org.apache.cassandra.db:type=StorageService",
        "LiveNodes",
        List.of("127.0.0.1"),
        "OperationMode",
        "NORMAL",
        "Joined",
        true,
        "LoadString",
        "1.5 GiB");
  }

  /** Returns a row {@code key, value, Max}. */
  private static CompositeData row(String key, int value, long max) throws OpenDataException {
    String[] names = {"key", "value", "Max"};
    return new CompositeDataSupport(rowType(), names, new Object[] {key, value, max});
  }

  private static CompositeType rowType() throws OpenDataException {
    String[] names = {"key", "value", "Max"};
    return new CompositeType(
        "row",
        "A row",
        names,
        names,
        new OpenType<?>[] {SimpleType.STRING, SimpleType.INTEGER, SimpleType.LONG});
  }

  private void odd() throws OpenDataException {
    TabularType tableType = new TabularType("table", "A table", rowType(), new String[] {"key"});
    TabularDataSupport table = new TabularDataSupport(tableType);
    table.put(row("k 1", 1, 10));
    table.put(row("k\"2", 2, 20));
    String[] columns = {"key", "value"};
    CompositeType outerRow =
        new CompositeType(
            "outer row",
            "An outer row",
            columns,
            columns,
            new OpenType<?>[] {SimpleType.STRING, tableType});
    TabularDataSupport outer =
        new TabularDataSupport(
            new TabularType("outer", "An outer table", outerRow, new String[] {"key"}));
    outer.put(new CompositeDataSupport(outerRow, columns, new Object[] {"o1", table}));
    add(
        "odd:type=Everything,name=x",
        "HTTPServerCount",
        1,
        "aB",
        2L,
        "Used_memoryMB",
        3.5f,
        "50thPercentile",
        (short) 4,
        "Big",
        new java.math.BigDecimal("1e30"),
        "Atom",
        new AtomicLong(6),
        "When",
        new Date(1_500),
        "Flag",
        true,
        "Text",
        "hello",
        "Colon",
        "a:b",
        "Digits",
        "12.5",
        "Opt",
        Optional.of(7),
        "State",
        Thread.State.NEW,
        "Bytes",
        new byte[] {1, -1},
        "Letter",
        'x',
        "Inf",
        Double.NEGATIVE_INFINITY,
        "Row",
        row("k3", 3, 30),
        "Table",
        table,
        "Outer",
        outer);
    add("odd:type=Everything,name=fails", "Broken", new IllegalStateException("no"), "Fine", 1);
    add("odd:name=y,type=Other Type,zone=\"q,\\\"1=\"", "Count", 1, "Total", 2);
    add("9odd.app-1:type=Zed__x", "Count", 1);
  }
}
