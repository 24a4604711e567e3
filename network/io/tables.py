"""Tables as planners have them: UTF-8 (with or without BOM) or GBK, plain or gzipped, Chinese or English headers."""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.part import F64, Text

_ALIASES = {
    "id": (
        *("编号", "代码", "停车场编号", "充电站编号", "场站编号", "电站编号", "馈线编号", "变压器编号"),
        *("station_id", "站点编号", "疏导点编号", "停放点编号"),
    ),
    "name": ("name_cn", "名称", "停车场名称", "站点名称", "疏导点名称", "停放点名称"),
    "lon": ("lng", "longitude", "经度", "lon_wgs84"),
    "lat": ("latitude", "纬度", "lat_wgs84"),
    "area": ("district", "street_office", "街道", "区", "区县", "行政区"),
    "population": ("residents", "人口", "常住人口", "居民"),
    "jobs": ("岗位", "就业岗位", "就业"),
    "students": ("学生", "在校学生"),
    "visitors": ("游客", "访客"),
    "schools": ("学校",),
    "kind": ("类型", "类别"),
    "line": ("route_cn", "route", "线路"),
    "stop": ("stop_id", "站点编号"),
    "sequence": ("order", "站序", "序号"),
    "plugs": ("充电枪", "充电桩", "充电枪数", "充电桩数", "枪数", "桩数"),
    "plugs_slow": ("慢充", "慢充枪数", "慢充桩数", "交流枪数", "交流桩数"),
    "plugs_fast": ("快充", "快充枪数", "快充桩数", "直流枪数", "直流桩数"),
    "plugs_ultra_fast": ("超充", "超充枪数", "超充桩数"),
    "power_kw": ("功率", "额定功率", "单枪功率", "功率(kw)", "功率（kw）", "额定功率(kw)", "额定功率（kw）"),
    "current": ("电流", "交直流", "充电类型"),
    "status": ("状态", "运营状态", "运行状态"),
    "feeder": ("馈线", "配变", "变压器", "所属馈线"),
    "rated_kva": ("额定容量", "额定容量(kva)", "额定容量（kva）"),
    "peak_kva": ("最大负荷", "最大负荷(kva)", "最大负荷（kva）"),
    "allowed_loading": ("允许负载率", "最大负载率"),
    "mode": ("出行方式", "方式"),
    "purpose": ("出行目的", "目的"),
    "weight": ("权重", "扩样系数"),
    "share": ("分担率", "比例"),
    "start_date": ("start date", "开始日期"),
    "start_time": (
        *("start time", "start", "start date & time", "开始时间", "充电开始时间", "开始充电时间"),
        *("借车时间", "开锁时间"),
    ),
    "end_date": ("end date", "结束日期"),
    "end_time": (
        *("end time", "end", "end date & time", "结束时间", "充电结束时间", "结束充电时间"),
        *("还车时间", "关锁时间"),
    ),
    "kwh": ("total kwh", "energy_kwh", "energy (kwh)", "充电量", "电量", "充电电量", "充电量(kwh)", "充电量（kwh）"),
    "station": ("cp id", "charger_id", "station_id", "充电桩编号", "桩编号"),
    "connector": ("connector_id", "枪号", "枪编号", "充电枪编号"),
    "site": ("location", "场站", "充电站", "充电站名称", "电站名称"),
    "model": ("型号", "设备型号"),
    "timestamp": ("time", "datetime", "date_time", "时间", "采集时间", "记录时间", "统计时间"),
    "lot": ("id", "lot_id", "place_id", "parking_id", "facility_id", "停车场编号", "停车场", "车场编号", "编号"),
    "spaces": (
        *("capacity", "parkingnumberofspaces", "num_all"),
        *("车位", "泊位", "车位数", "泊位数", "总车位", "总泊位", "总泊位数"),
        *("桩位数", "锁桩数", "停放容量", "可停车辆数"),
    ),
    "free": (
        *("free_spaces", "available", "available_spaces", "parkingnumberofvacantspaces"),
        *("空闲车位", "剩余车位", "空闲泊位", "剩余泊位"),
    ),
    "occupied": ("occupied_spaces", "parkingnumberofoccupiedspaces", "占用车位", "占用泊位", "在场车辆", "已停车辆"),
    "station_id": ("id", "station", "站点编号", "编号"),
    "bikes": ("num_bikes_available", "num_vehicles_available", "可借车辆数", "可借数"),
    "free_docks": ("docks", "num_docks_available", "可还桩位数", "可还数"),
    "capacity": ("docks", "桩位数", "锁桩数"),
    "docked": ("有桩", "是否有桩"),
    "area_m2": ("面积", "面积(平方米)", "面积（平方米）"),
    "footway_m": ("人行道宽度", "人行道宽度(米)", "人行道宽度（米）"),
    "depth_m": ("停放深度", "停放深度(米)", "停放深度（米）"),
    "reason": ("原因", "禁停原因"),
    "width_m": ("宽度", "宽度(米)", "宽度（米）"),
    "day": ("日类型",),
    "hour": ("小时", "时段"),
    "pickups": ("借车量", "取车量", "借出量"),
    "returns": ("还车量", "归还量"),
    "order": ("order_id", "id", "订单号", "订单编号"),
    "start_lon": ("start_lng", "起点经度", "借车经度", "开锁经度"),
    "start_lat": ("起点纬度", "借车纬度", "开锁纬度"),
    "end_lon": ("end_lng", "终点经度", "还车经度", "关锁经度"),
    "end_lat": ("终点纬度", "还车纬度", "关锁纬度"),
    "owner": ("owner_tier", "ownership", "权属", "权属性质", "产权性质"),
    "owner_name": ("权属单位", "产权单位", "业主", "业主单位"),
    "department": ("主管部门", "责任部门", "责任单位"),
    "use": ("land_use", "用地性质", "用途"),
    "supply_class": ("parking_type", "停车场类型", "供给类型", "设施类型"),
    "reserve": ("预留泊位", "预留车位", "自留泊位"),
    "hours": ("opening_hours", "access_hours", "windows", "开放时间", "营业时间", "工作日开放时间"),
    "hours_weekend": ("周末开放时间",),
    "hours_holiday": ("节假日开放时间",),
    "group": ("群体", "开放对象", "需求群体"),
    "weekday": ("工作日",),
    "weekend": ("周末",),
    "holiday": ("节假日",),
    "tariff_cny_per_h": ("tariff", "收费标准", "收费标准(元/小时)", "收费标准（元/小时）"),
    "retrofit_cny": ("改造费用", "改造成本", "改造费用(元)", "改造费用（元）"),
    "shared": ("shared_spaces", "共享泊位", "共享车位", "错时共享泊位"),
    "shared_from": ("共享开始", "共享开始时间"),
    "shared_to": ("共享结束", "共享结束时间"),
    "shared_days": ("共享日期", "共享日类型"),
    "entered": ("entry_time", "in_time", "入场时间", "进场时间", "驶入时间"),
    "left": ("exit_time", "out_time", "出场时间", "离场时间", "驶出时间"),
    "class": ("charger_class", "快慢充"),
    "home_access": ("自用桩条件比例", "有固定车位比例"),
    "vehicles_private": ("私人电动车", "私家车"),
    "vehicles_taxi": ("出租车",),
    "vehicles_ride_hail": ("网约车",),
    "vehicles_van": ("物流车",),
    "vehicles_bus": ("公交车",),
    "vehicles_coach": ("客车",),
    "vehicles_sanitation": ("环卫车",),
    "vehicles_official": ("公务车",),
    "least_private": ("自用桩下限", "自用桩规划"),
    "least_public": ("公共桩下限", "公共桩规划"),
    "least_dedicated": ("专用桩下限", "专用桩规划"),
    "most_private": ("自用桩上限",),
    "most_public": ("公共桩上限",),
    "most_dedicated": ("专用桩上限",),
}
"""Column name in code -> other headers it goes by, in lower case."""

_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_MISSING = "the value is missing", "fill it in, or leave the row out"
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
_MOST_SHOWN = 50
_MOST_COUNTED = 2**31 - 1


@dataclass(frozen=True)
class Column:
    """What a column holds: text, or numbers at or above `low`, if `whole` to be counted in 32 bits.

    A column that is not `required` may be absent; numbers that may be `blank` are NaN there.
    """

    number: bool = False
    low: float | None = None
    required: bool = True
    unique: bool = False
    whole: bool = False
    blank: bool = False


@dataclass(frozen=True)
class Table:
    """Columns of equal length and the line of the file each row starts on."""

    name: str
    rows: npt.NDArray[np.int64]
    columns: dict[str, npt.NDArray[Any]]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __len__(self) -> int:
        return len(self.rows)

    def numbers(self, name: str) -> F64:
        return np.asarray(self.columns[name], dtype=np.float64)

    def texts(self, name: str) -> Text:
        return np.asarray(self.columns[name], dtype=np.str_)

    def text(self, name: str, row: int) -> str:
        """One cell, empty where there is no such column."""
        return str(self.columns[name][row]) if name in self.columns else ""

    def lonlat(self) -> F64:
        """(rows, 2) the columns lon and lat as written."""
        return np.column_stack((self.numbers("lon"), self.numbers("lat")))


_YES, _NO = frozenset({"1", "yes", "true", "是", "有"}), frozenset({"", "0", "no", "false", "否", "无"})


def yes_or_no(table: Table, name: str, row: int, problems: list[Problem]) -> bool:
    """No where the cell or the column is not there; what is neither is added to `problems`."""
    text = table.text(name, row).lower()
    if text not in _YES | _NO:
        where = f"{table.name}, row {table.rows[row]}, column {name}"
        problems.append(Problem(where, f"{text!r} is neither yes nor no", "write yes or no"))
    return text in _YES


LONLAT = {"lon": Column(number=True), "lat": Column(number=True)}


def read_table(path: Path, columns: Mapping[str, Column], headers: Mapping[str, str] | None = None) -> Table:
    """Read the named columns of a CSV file. `headers` maps a column name to the header it has in this file.

    Raises InputError with all problems at once, each naming file, row and column.
    """
    (_, header), *rows = _rows(path)
    places = _find_columns(path.name, header, columns, headers or {})
    whole = [(line, row) for line, row in rows if len(row) == len(header)]
    hint = "does a cell with a comma lack its quotes?"
    problems = [
        Problem(f"{path.name}, row {line}", f"has {len(row)} cells, the header {len(header)}", hint)
        for line, row in rows
        if len(row) != len(header)
    ]
    if not rows:
        problems.append(Problem(path.name, "holds no rows", "give one or more below the header"))
    return _filled(path.name, places, columns, whole, problems)


def table_of(
    name: str,
    records: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Column],
    headers: Mapping[str, str] | None = None,
) -> Table:
    """Records, such as the properties of features, as rows 1, 2, ... of a table; else as `read_table`."""
    header = list(dict.fromkeys(key for record in records for key in record))
    places = _find_columns(name, header, columns, headers or {})
    rows = [(i, [_cell(record.get(key)) for key in header]) for i, record in enumerate(records, 1)]
    problems = [] if records else [Problem(name, "holds no rows", "give one or more")]
    return _filled(name, places, columns, rows, problems)


def _cell(value: Any) -> str:
    """What JSON holds, as a table would have it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _filled(
    file: str,
    places: Mapping[str, int],
    columns: Mapping[str, Column],
    rows: Sequence[tuple[int, list[str]]],
    problems: list[Problem],
) -> Table:
    """The table of rows: line and cells. Raises InputError with `problems` and those of the cells."""
    lines = [line for line, _ in rows]
    out: dict[str, npt.NDArray[Any]] = {}
    for name, at in places.items():
        out[name], wrong = _column(file, name, columns[name], [row[at] for _, row in rows], lines)
        problems += wrong
    if problems:
        more = len(problems) - _MOST_SHOWN
        raise InputError(problems[:_MOST_SHOWN] + ([Problem(file, f"and {more} more problems")] if more > 0 else []))
    return Table(file, np.array(lines, dtype=np.int64), out)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The header, and every row that is not blank, with the line of the file it starts on."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""))
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not rows or any(cells):
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            Problem(f"{path.name}, row {line}", f"cannot be read: {error}", "is it a CSV table?")
        ) from None
    return rows or [(1, [])]


def read_text(path: Path) -> str:
    """The text of a file, gunzipped where its name ends in .gz, decoded from UTF-8 (a BOM is dropped) or GBK."""
    data = read_bytes(path)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(Problem(path.name, "is neither UTF-8 nor GBK text", "save the table as CSV UTF-8"))


def read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except FileNotFoundError:
        raise InputError(Problem(path.name, "the file is not there", "check its path and its name")) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(Problem(path.name, f"cannot be unpacked: {error}", "is the file complete?")) from None
    except OSError as error:
        hint = "name a file that you may read"
        raise InputError(Problem(str(path), f"cannot be read: {error.strerror}", hint)) from None


def _find_columns(
    file: str, header: list[str], columns: Mapping[str, Column], headers: Mapping[str, str]
) -> dict[str, int]:
    lower = [cell.lower() for cell in header]
    places: dict[str, int] = {}
    problems: list[Problem] = []
    for name, column in columns.items():
        if name in headers:
            names: tuple[str, ...] = (headers[name].lower(),)
        else:
            names = (name, *_ALIASES.get(name, ()))
        found = next((lower.index(n) for n in names if n in lower), None)
        if found is not None:
            places[name] = found
        elif column.required or name in headers:
            hint = f"the header is {', '.join(header) or 'empty'}"
            problems.append(Problem(f"{file}, row 1", f"there is no column {' / '.join(names)}", hint))
    if problems:
        raise InputError(_unlike_a_header(file, header, columns) or problems)
    return places


def _unlike_a_header(file: str, header: list[str], columns: Mapping[str, Column]) -> list[Problem]:
    """Why no column at all was found, where that can be told."""
    if not any(header):
        needed = ", ".join(name for name, column in columns.items() if column.required)
        return [Problem(f"{file}, row 1", "names no columns", f"the first row is a header with {needed}")]
    other = next((name for sign, name in _SEPARATORS.items() if len(header) == 1 and sign in header[0]), None)
    return [Problem(file, f"has {other} between its cells", "save it with commas: CSV UTF-8")] if other else []


def _column(
    file: str, name: str, column: Column, texts: list[str], lines: list[int]
) -> tuple[npt.NDArray[Any], list[Problem]]:
    problems: list[Problem] = []
    if column.unique:
        _must_differ(file, name, texts, lines, problems)
    if not column.number:
        return np.array(texts, dtype=np.str_), problems
    out = np.zeros(len(texts))
    for i, text in enumerate(texts):
        value = number_in(text)
        where = f"{file}, row {lines[i]}, column {name}"
        if column.blank and not text:
            out[i] = math.nan
        elif value is None:
            wrong = f"{text!r} is not a number", "write digits, as 1200 or 12.5"
            problems.append(Problem(where, *(wrong if text else _MISSING)))
        elif column.low is not None and value < column.low:
            problems.append(Problem(where, f"{text} is below {column.low:g}", f"give {column.low:g} or more"))
        elif column.whole and (value % 1 or value > _MOST_COUNTED):
            problems.append(Problem(where, f"{text} is not a whole number up to {_MOST_COUNTED:,}", "correct it"))
        else:
            out[i] = value
    return out, problems


def _must_differ(file: str, name: str, texts: list[str], lines: list[int], problems: list[Problem]) -> None:
    seen: dict[str, int] = {}
    for text, line in zip(texts, lines, strict=True):
        where = f"{file}, row {line}, column {name}"
        if not text:
            problems.append(Problem(where, *_MISSING))
        elif text in seen:
            problems.append(Problem(where, f"{text!r} stands in row {seen[text]} already", "give each row its own"))
        seen.setdefault(text, line)


def number_in(text: str) -> float | None:
    """A finite number, thousands grouped by commas or not; None where it is not one."""
    plain = text.replace(",", "") if _GROUPED.fullmatch(text) else text
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in plain else None
