"""Evaluations: tasks for an assistant, tried with and without the skill, and judged by running the result.

A *task* is a prompt and the files it starts from. A *trial* is one try at a task, with or without the skill.
A *grader* is a program that judges what a trial left behind. A *workspace* is a folder of trials.
"""
