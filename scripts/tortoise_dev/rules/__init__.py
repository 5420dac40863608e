"""The rules, one module each: its docstring is the rule's page, BAD and GOOD are its tests."""

from __future__ import annotations

from .base import Rule
from .td000_models_package import RULE as TD000
from .td001_one_model_per_file import RULE as TD001
from .td002_base_interface import RULE as TD002
from .td003_meta_first import RULE as TD003
from .td004_member_order import RULE as TD004
from .td005_module_name import RULE as TD005
from .td006_re_export import RULE as TD006
from .td100_unused_noqa import RULE as TD100
from .td101_generate_schemas import RULE as TD101
from .td102_init_per_request import RULE as TD102
from .td103_sql_string import RULE as TD103
from .td104_relation_in_loop import RULE as TD104
from .td105_save_in_loop import RULE as TD105
from .td106_missing_await import RULE as TD106
from .td107_blanket_except import RULE as TD107
from .td108_writes_in_signals import RULE as TD108
from .td109_soft_delete_base import RULE as TD109
from .td110_bare_init import RULE as TD110
from .td111_old_spelling import RULE as TD111
from .td112_limit_on_write import RULE as TD112
from .td113_unknown_argument import RULE as TD113
from .td114_prefetch_replaced import RULE as TD114
from .td115_bare_atomic import RULE as TD115
from .td116_signal_on_abstract import RULE as TD116
from .td117_meta_not_inherited import RULE as TD117
from .td118_gathered_transactions import RULE as TD118
from .td120_unknown_name_in_query import RULE as TD120
from .td121_unknown_option import RULE as TD121
from .td122_query_per_row import RULE as TD122
from .td123_concrete_parent import RULE as TD123
from .td124_default_at_import import RULE as TD124
from .td126_lock_without_transaction import RULE as TD126
from .td127_error_swallowed_in_transaction import RULE as TD127
from .td128_plain_enum import RULE as TD128
from .td129_rows_counted import RULE as TD129
from .td201_table_replaced import RULE as TD201
from .td202_data_dropped import RULE as TD202
from .td203_not_null_without_default import RULE as TD203
from .td204_no_way_back import RULE as TD204
from .td205_schema_and_data import RULE as TD205
from .td206_blocking import RULE as TD206
from .td207_todays_models import RULE as TD207
from .td208_wrong_dialect import RULE as TD208
from .td209_two_heads import RULE as TD209

_ALL = (
    *(TD000, TD001, TD002, TD003, TD004, TD005, TD006, TD100),
    *(TD101, TD102, TD103, TD104, TD105, TD106, TD107, TD108, TD109, TD110, TD111),
    *(TD112, TD113, TD114, TD115, TD116, TD117, TD118),
    *(TD120, TD121, TD122, TD123, TD124, TD126, TD127, TD128, TD129),
    *(TD201, TD202, TD203, TD204, TD205, TD206, TD207, TD208, TD209),
)
RULES: dict[str, Rule] = {rule.code: rule for rule in _ALL}
"""Every rule by its code, in order."""
